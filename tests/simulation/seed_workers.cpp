// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A worker takes every `jobs`-th seed and tells its parent through a pipe when one has ended. A
// pipe that ends before the last seed is a worker that died; the next one goes on behind that seed.
#include "seed_workers.hpp"

#include "base/assert.hpp"

#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <sstream>
#include <vector>

namespace lepton::simulation {
namespace {

/// Processor time after which a seed counts as never ending: a hundred times what one needs.
constexpr int kSecondsMax = 120;

struct Worker {
    pid_t pid = 0;
    int pipe = -1;
    std::string unread;
    /// The seed under way, or the next one.
    std::uint64_t seed = 0;
};

void write_all(int pipe, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(pipe, text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) ::_exit(3);  // the parent is gone
        at += static_cast<std::size_t>(written);
    }
}

std::string line_of(const FaultRunResult& result, std::uint64_t seed) {
    std::ostringstream line;
    line << seed << ' ' << result.virtual_time.count() << ' ' << result.recovery.count();
    for (const std::uint64_t count : result.fault_counts) line << ' ' << count;
    if (!result.violations.empty()) line << ' ' << result.violations.front();
    return line.str() + "\n";
}

SeedOutcome outcome_of(const std::string& line) {
    std::istringstream words(line);
    SeedOutcome outcome;
    Duration::rep virtual_time = 0, recovery = 0;
    words >> outcome.seed >> virtual_time >> recovery;
    for (std::uint64_t& count : outcome.fault_counts) words >> count;
    outcome.virtual_time = Duration{virtual_time};
    outcome.recovery = Duration{recovery};
    std::getline(words >> std::ws, outcome.failure);
    return outcome;
}

[[noreturn]] void work(int pipe, const SeedsOptions& options, std::uint64_t from) {
    for (std::uint64_t seed = from; seed < options.first_seed + options.seeds;
         seed += options.jobs) {
        const itimerval limit{.it_interval = {}, .it_value = {.tv_sec = kSecondsMax, .tv_usec = 0}};
        ::setitimer(ITIMER_PROF, &limit, nullptr);
        FaultRunOptions run = options.run;
        run.seed = seed;
        write_all(pipe, line_of(run_with_faults(run), seed));
    }
    ::_exit(0);
}

Worker start_worker(const SeedsOptions& options, std::uint64_t from) {
    int ends[2];
    LEPTON_ASSERT(::pipe(ends) == 0);
    const pid_t pid = ::fork();
    LEPTON_ASSERT(pid >= 0);
    if (pid == 0) {
        ::close(ends[0]);
        work(ends[1], options, from);
    }
    ::close(ends[1]);
    return {.pid = pid, .pipe = ends[0], .unread = {}, .seed = from};
}

std::string how_it_died(int status) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF) {
        return "does not end: " + std::to_string(kSecondsMax) + " s of processor time";
    }
    if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
    return "ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

void run_seeds(const SeedsOptions& options, const std::function<void(const SeedOutcome&)>& done) {
    std::fflush(nullptr);  // what is buffered would be written by each worker too
    const std::uint64_t end = options.first_seed + options.seeds;
    std::vector<Worker> workers;
    for (std::uint64_t seed = options.first_seed;
         seed < std::min(end, options.first_seed + options.jobs);
         ++seed) {
        workers.push_back(start_worker(options, seed));
    }
    while (!workers.empty()) {
        std::vector<pollfd> pipes;
        for (const Worker& worker : workers) pipes.push_back({worker.pipe, POLLIN, 0});
        if (::poll(pipes.data(), pipes.size(), -1) < 0) continue;
        for (std::size_t i = workers.size(); i-- > 0;) {
            if (pipes[i].revents == 0) continue;
            Worker& worker = workers[i];
            char buffer[4096];
            const ssize_t size = ::read(worker.pipe, buffer, sizeof buffer);
            if (size < 0) continue;
            worker.unread.append(buffer, static_cast<std::size_t>(size));
            for (std::size_t line_end = 0;
                 (line_end = worker.unread.find('\n')) != std::string::npos;) {
                const std::string line = worker.unread.substr(0, line_end);
                worker.unread.erase(0, line_end + 1);
                done(outcome_of(line));
                worker.seed += options.jobs;
            }
            if (size > 0) continue;
            int status = 0;
            ::close(worker.pipe);
            ::waitpid(worker.pid, &status, 0);
            const std::uint64_t seed = worker.seed;
            workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
            if (seed >= end) continue;
            done({.seed = seed, .failure = how_it_died(status)});
            if (seed + options.jobs < end) {
                workers.push_back(start_worker(options, seed + options.jobs));
            }
        }
    }
}

}  // namespace lepton::simulation
