// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Kills processes that claim slots in a signing journal on a real disk, with SIGKILL, and judges by
// what they told before they died whether a key was ever given two messages for one slot. Two ways:
// - points: a process with a new journal dies at one operation of its file, before it, in the
//   middle of a write, or after it; every operation and six places in each. Half of the processes
//   that come after it die while they open the journal.
// - moments: processes share one journal, and each is killed from outside at a random moment.
// Every process wants other messages than those before, for slots around the last ones.
//
// Usage: lepton-journal-kills [--kills N] [--seed S] [--directory DIR]
//        lepton-journal-kills --claims N [--directory DIR]    only measures the time of claims
// A kill takes a process, not the system: what was written can be read afterwards, synced or not.
// Lost and torn blocks are the part of signing_journal_test.cpp, on a simulated disk.
#include "base/random.hpp"
#include "validator/posix_journal_file.hpp"
#include "validator/signing_journal.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace lepton;
using namespace lepton::validator;

/// One more than the journal has room for at first, so that it grows.
constexpr std::size_t kKeys = kJournalKeysPerExtent + 1;
/// Keys that the processes of the moments claim for at a time.
constexpr std::size_t kKeysOfMoments = 4;
constexpr std::uint64_t kMomentMaxUs = 12'000;
constexpr std::size_t kPlantedKillsMax = 200;
constexpr useconds_t kPlantedDelayUs = 500;

/// What a process tells: that it is about to claim, and that it would sign now.
struct Note {
    bool is_granted = false;
    std::uint8_t key = 0;
    std::uint64_t slot = 0;
    std::uint64_t message = 0;
};

Root root_of(std::uint64_t number) {
    Root root;
    for (std::size_t i = 0; i < 8; ++i)
        root.bytes.at(i) = static_cast<std::uint8_t>(number >> 8 * i);
    return root;
}

Claim claim_of(const Note& note) {
    return {.key = root_of(0xaa00U + note.key),
            .role = Role::attestation,
            .slot = Slot{note.slot},
            .message = root_of(note.message)};
}

/// Knows what every process told, and nothing of the journal's insides.
class Witness {
  public:
    void take(const Note& note) {
        if (!note.is_granted) {
            proposed_.emplace(note.key, note.slot, note.message);
            return;
        }
        ++granted_count_;
        const auto [place, is_new] = granted_.emplace(std::pair{note.key, note.slot}, note.message);
        if (place->second != note.message) {
            fail(fmt::format("key {} has signed messages {:x} and {:x} for slot {}",
                             note.key,
                             place->second,
                             note.message,
                             note.slot));
        }
        Note& last = last_.at(note.key);
        if (!last.is_granted || note.slot > last.slot) last = note;
    }

    /// The record of each key is one that was asked for, and not older than what was signed.
    void judge(const SigningJournal& journal) {
        for (std::size_t key = 0; key < kKeys; ++key) {
            const Note& last = last_.at(key);
            const Claim known = claim_of({.key = static_cast<std::uint8_t>(key)});
            const auto record = journal.record(known.key);
            if (!record) {
                if (last.is_granted) fail(fmt::format("key {} is forgotten", key));
                continue;
            }
            const bool is_asked_for = std::ranges::any_of(proposed_, [&](const auto& proposal) {
                const auto& [of, slot, message] = proposal;
                return of == key && Slot{slot} == record->slot &&
                       root_of(message) == record->message;
            });
            if (!is_asked_for) fail(fmt::format("the record of key {} is made up", key));
            if (last.is_granted && record->slot < Slot{last.slot}) {
                fail(fmt::format("key {} has gone back from slot {}", key, last.slot));
            }
            // What is older can be neither recorded nor granted any more.
            std::erase_if(proposed_, [&](const auto& proposal) {
                return std::get<0>(proposal) == key && Slot{std::get<1>(proposal)} < record->slot;
            });
        }
    }

    void fail(std::string what) { violations_.push_back(std::move(what)); }
    const Note& last(std::size_t key) const { return last_.at(key); }
    const std::vector<std::string>& violations() const { return violations_; }
    std::uint64_t granted_count() const { return granted_count_; }

  private:
    std::map<std::pair<std::uint8_t, std::uint64_t>, std::uint64_t> granted_;
    std::set<std::tuple<std::uint8_t, std::uint64_t, std::uint64_t>> proposed_;
    std::array<Note, kKeys> last_{};
    std::vector<std::string> violations_;
    std::uint64_t granted_count_ = 0;
};

/// At which operation of the journal's file a process dies, and after how many bytes of it.
struct Death {
    std::size_t operation = SIZE_MAX;
    std::size_t bytes = 0;
};
/// Of a cell's 128 bytes; of a sync, 0 is before it.
constexpr std::array<std::size_t, 6> kCuts{0, 1, 5, 64, 123, SIZE_MAX};

/// Counts the operations that change the file, and dies at one of them.
class MortalFile final : public JournalFile {
  public:
    MortalFile(std::unique_ptr<JournalFile> file, Death death, std::size_t& operations)
        : file_(std::move(file)), death_(death), operations_(operations) {}

    Result<std::uint64_t, IoError> size() const override { return file_->size(); }
    Result<void, IoError> read(std::uint64_t offset, MutableByteView out) const override {
        return file_->read(offset, out);
    }
    Result<void, IoError> write(std::uint64_t offset, ByteView bytes) override {
        if (++operations_ != death_.operation) return file_->write(offset, bytes);
        (void)file_->write(offset, bytes.first(std::min(death_.bytes, bytes.size())));
        die();
    }
    Result<void, IoError> sync() override {
        if (++operations_ != death_.operation) return file_->sync();
        if (death_.bytes > 0) (void)file_->sync();
        die();
    }
    const std::string& name() const override { return file_->name(); }

  private:
    [[noreturn]] static void die() {
        ::kill(::getpid(), SIGKILL);
        for (;;) ::pause();
    }

    std::unique_ptr<JournalFile> file_;
    Death death_;
    std::size_t& operations_;
};

Result<SigningJournal, IoError> open_journal(const std::string& path,
                                             Death death,
                                             std::size_t& operations) {
    auto file = open_journal_file(path);
    if (!file) return std::unexpected(file.error());
    SystemRandom random;
    return SigningJournal::open(
        std::make_unique<MortalFile>(*std::move(file), death, operations), random, Slot{0});
}

/// A process under test: tells through a pipe, one write for each batch, so that no note is torn.
class Teller {
  public:
    Teller(int pipe, bool is_planted) : pipe_(pipe), is_planted_(is_planted) {}

    /// Claims all of `wishes` at once. Returns whether each was granted; nothing when the journal
    /// failed.
    std::optional<std::vector<bool>> claim(SigningJournal& journal, std::vector<Note> wishes) {
        tell(wishes);
        if (is_planted_) {
            // The planted bug: it signs what the journal allows, and claims it a little later.
            tell_granted(wishes, allowed(journal, wishes));
            ::usleep(kPlantedDelayUs);
        }
        std::vector<Claim> claims;
        for (const Note& wish : wishes) claims.push_back(claim_of(wish));
        const auto verdicts = journal.claim(claims);
        if (!verdicts) return std::nullopt;
        std::vector<bool> is_granted;
        for (const ClaimVerdict verdict : *verdicts) {
            is_granted.push_back(verdict == ClaimVerdict::granted);
        }
        if (!is_planted_) tell_granted(std::move(wishes), is_granted);
        return is_granted;
    }

  private:
    static std::vector<bool> allowed(const SigningJournal& journal,
                                     const std::vector<Note>& wishes) {
        std::vector<bool> is_allowed;
        for (const Note& wish : wishes) {
            const Claim claim = claim_of(wish);
            const auto record = journal.record(claim.key);
            is_allowed.push_back(!record || record->slot < claim.slot ||
                                 (record->slot == claim.slot && record->message == claim.message));
        }
        return is_allowed;
    }
    void tell_granted(std::vector<Note> wishes, const std::vector<bool>& is_granted) {
        std::vector<Note> granted;
        for (std::size_t i = 0; i < wishes.size(); ++i) {
            wishes[i].is_granted = true;
            if (is_granted[i]) granted.push_back(wishes[i]);
        }
        tell(granted);
    }
    void tell(const std::vector<Note>& notes) const {
        const std::size_t size = notes.size() * sizeof(Note);
        if (size > 0 && ::write(pipe_, notes.data(), size) != static_cast<ssize_t>(size)) {
            ::_exit(4);
        }
    }

    int pipe_;
    bool is_planted_;
};

/// Two keys begin, go on, fifteen more let the journal grow, and all go on. Each process of a round
/// does the same with other messages.
bool play_script(SigningJournal& journal, Teller& teller, std::uint64_t life) {
    const auto batch = [&](std::size_t first, std::size_t end, std::uint64_t slot) {
        std::vector<Note> wishes;
        for (std::size_t key = first; key < end; ++key) {
            wishes.push_back(
                {.key = static_cast<std::uint8_t>(key), .slot = slot, .message = life});
        }
        return teller.claim(journal, std::move(wishes)).has_value();
    };
    return batch(0, 2, 5) && batch(0, 2, 6) && batch(0, 1, 7) && batch(2, kKeys, 7) &&
           batch(0, kKeys, 8);
}

/// Claims until it is killed: the last slot for another message and for the same one, the slot
/// before it, and later ones.
bool play_for_ever(SigningJournal& journal,
                   Teller& teller,
                   std::uint64_t life,
                   std::array<Note, kKeysOfMoments> last) {
    SeededRandom random{life};
    for (std::uint64_t step = 0;; ++step) {
        std::vector<Note> wishes;
        for (std::size_t key = 0; key < last.size(); ++key) {
            const Note& known = last.at(key);
            Note wish{.key = static_cast<std::uint8_t>(key),
                      .slot = known.slot,
                      .message = life << 20U | step << 2U | random.below(2)};
            const std::uint64_t way = step < 2 ? step * 3 : random.below(6);
            if (way == 1) wish.message = known.message;
            if (way == 2) wish.slot -= std::min<std::uint64_t>(wish.slot, 1);
            if (way > 2) wish.slot += 1 + way / 5;
            wishes.push_back(wish);
        }
        const auto is_granted = teller.claim(journal, wishes);
        if (!is_granted) return false;
        for (std::size_t key = 0; key < last.size(); ++key) {
            // A slot that is refused was claimed by a process that did not live to tell.
            if (wishes[key].slot > last.at(key).slot) {
                last.at(key).slot = wishes[key].slot;
                if ((*is_granted)[key]) last.at(key).message = wishes[key].message;
            }
        }
    }
}

/// Runs `body` with the writing end of a pipe in a process of its own, which is killed after
/// `moment`, if one is given. Hands what it told to `witness`. Returns whether it was killed.
template <class Body>
bool run_life(Witness& witness, std::optional<std::chrono::microseconds> moment, Body body) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) std::abort();
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child < 0) std::abort();
    if (child == 0) {
        ::close(pipe[0]);
        ::_exit(body(pipe[1]) ? 0 : 3);
    }
    ::close(pipe[1]);
    if (moment) {
        ::usleep(static_cast<useconds_t>(moment->count()));
        ::kill(child, SIGKILL);
    }
    std::array<Note, 64> notes{};
    for (;;) {
        const ssize_t got = ::read(pipe[0], notes.data(), sizeof notes);
        if (got <= 0) break;
        for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(Note); ++i) {
            witness.take(notes.at(i));
        }
    }
    ::close(pipe[0]);
    int status = 0;
    if (::waitpid(child, &status, 0) != child) std::abort();
    const bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!is_killed && status != 0)
        witness.fail(fmt::format("a process ended with status {}", status));
    return is_killed;
}

/// The same file opened again, by the judge.
void judge_file(Witness& witness, const std::string& path) {
    std::size_t operations = 0;
    const auto journal = open_journal(path, {}, operations);
    if (journal) {
        witness.judge(*journal);
    } else {
        witness.fail(journal.error().what);
    }
}

struct Figures {
    std::size_t kills = 0;
    std::size_t kills_in_recovery = 0;
    std::uint64_t granted = 0;
    std::vector<std::string> violations;

    void add(const Witness& witness, std::string_view where) {
        granted += witness.granted_count();
        for (const std::string& what : witness.violations()) {
            violations.push_back(fmt::format("{}: {}", where, what));
        }
    }
};

class Kills {
  public:
    Kills(std::string directory, std::uint64_t seed)
        : directory_(std::move(directory)), random_(seed) {}

    /// Returns how many operations a process does that plays the script and is not killed.
    std::size_t script_operations() {
        Witness witness;
        std::size_t operations = 0;
        const std::string path = directory_ + "/counted";
        auto journal = open_journal(path, {}, operations).value();
        // What it tells goes into its own pipe, which holds it.
        std::array<int, 2> pipe{};
        if (::pipe(pipe.data()) != 0) std::abort();
        Teller teller(pipe[1], false);
        if (!play_script(journal, teller, 1)) std::abort();
        for (const int end : pipe) ::close(end);
        return operations;
    }

    void kill_at_point(Death death, Figures& figures) {
        const std::string path = fmt::format("{}/point", directory_);
        std::filesystem::remove(path);
        Witness witness;
        const auto live = [&](std::uint64_t life, Death at) {
            const bool is_killed = run_life(witness, std::nullopt, [&](int pipe) {
                std::size_t operations = 0;
                auto journal = open_journal(path, at, operations);
                Teller teller(pipe, false);
                return journal && play_script(*journal, teller, life);
            });
            if (is_killed) ++figures.kills;
            return is_killed;
        };
        if (!live(1, death)) witness.fail("the process was not killed");
        // Opening a journal that is whole takes one sync; one that was torn is repaired before.
        if (random_.below(2) == 0) {
            const Death again{1 + random_.below(3), kCuts.at(random_.below(kCuts.size()))};
            if (live(2, again)) ++figures.kills_in_recovery;
        }
        if (std::filesystem::exists(path)) judge_file(witness, path);
        if (live(3, {})) witness.fail("the last process was killed");
        judge_file(witness, path);
        figures.add(witness, fmt::format("operation {} cut {}", death.operation, death.bytes));
    }

    /// Kills processes that share a journal, until `count` of them are dead or one key has signed
    /// twice.
    void kill_at_moments(std::size_t count, bool is_planted, Figures& figures) {
        const std::string path =
            fmt::format("{}/{}", directory_, is_planted ? "planted" : "moments");
        Witness witness;
        for (std::uint64_t life = 1; life <= count && witness.violations().empty(); ++life) {
            std::array<Note, kKeysOfMoments> last{};
            for (std::size_t key = 0; key < last.size(); ++key) last.at(key) = witness.last(key);
            const std::chrono::microseconds moment{random_.below(kMomentMaxUs)};
            const bool is_killed = run_life(witness, moment, [&](int pipe) {
                std::size_t operations = 0;
                auto journal = open_journal(path, {}, operations);
                Teller teller(pipe, is_planted);
                return journal && play_for_ever(*journal, teller, life, last);
            });
            if (!is_killed) witness.fail("a process ended by itself");
            ++figures.kills;
            if (!is_planted && std::filesystem::exists(path)) judge_file(witness, path);
        }
        figures.add(witness, "moments");
    }

    /// Prints how long claims take on this disk.
    void time_claims(std::size_t count) {
        for (const std::size_t keys : {std::size_t{1}, std::size_t{8}, std::size_t{64}}) {
            std::size_t operations = 0;
            const std::string path = fmt::format("{}/timed_{}", directory_, keys);
            auto journal = open_journal(path, {}, operations).value();
            std::vector<double> milliseconds;
            for (std::uint64_t slot = 1; slot <= count + 1; ++slot) {
                std::vector<Claim> claims;
                for (std::size_t key = 0; key < keys; ++key) {
                    claims.push_back(
                        claim_of({.key = static_cast<std::uint8_t>(key), .slot = slot}));
                }
                const auto begun = std::chrono::steady_clock::now();
                if (!journal.claim(claims)) std::abort();
                const std::chrono::duration<double, std::milli> taken =
                    std::chrono::steady_clock::now() - begun;
                // The first claim of a key writes more; it comes once in the key's life.
                if (slot > 1) milliseconds.push_back(taken.count());
            }
            std::ranges::sort(milliseconds);
            const auto part = [&](double share) {
                return milliseconds.at(
                    static_cast<std::size_t>(share * static_cast<double>(milliseconds.size() - 1)));
            };
            fmt::print("claims={} keys={} ms: p50={:.2f} p99={:.2f} max={:.2f}\n",
                       count,
                       keys,
                       part(0.5),
                       part(0.99),
                       milliseconds.back());
        }
    }

  private:
    std::string directory_;
    SeededRandom random_;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"kill processes that claim slots in a signing journal"};
    std::size_t kills = 2000;
    std::uint64_t seed = 0;
    std::size_t claims = 0;
    std::string parent = std::filesystem::temp_directory_path();
    app.add_option("--kills", kills, "how many")
        ->check(CLI::Range(4, 1'000'000))
        ->capture_default_str();
    app.add_option("--seed", seed, "of the moments; 0: a random one")->capture_default_str();
    app.add_option("--claims", claims, "kill nothing, measure how long so many claims take");
    app.add_option("--directory", parent, "where the journals are, on a real disk")
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    if (seed == 0) seed = 1 + SystemRandom{}.below(1'000'000);
    std::string directory = parent + "/lepton-journal-XXXXXX";
    if (::mkdtemp(directory.data()) == nullptr) {
        std::fprintf(
            stderr, "lepton-journal-kills: cannot make a directory in %s\n", parent.c_str());
        return 2;
    }

    Kills run(directory, seed);
    if (claims > 0) {
        run.time_claims(claims);
        std::filesystem::remove_all(directory);
        return 0;
    }
    std::size_t failed = 0;
    const auto check = [&](std::string_view test, const std::vector<std::string>& problems) {
        fmt::print("{} {}\n", problems.empty() ? "ok" : "FAILED", test);
        for (const std::string& problem : problems) fmt::print("  {}\n", problem);
        if (!problems.empty()) ++failed;
    };
    Figures planted;
    run.kill_at_moments(kPlantedKillsMax, true, planted);
    std::vector<std::string> blindness;
    if (planted.violations.empty()) blindness.emplace_back("the planted bug was not found");
    check("a_signature_before_the_claim_is_seen", blindness);

    // Half of the kills at points, spread over all of them, and at all of them when that suffices.
    Figures points;
    const std::size_t operations = run.script_operations();
    const std::size_t point_count = operations * kCuts.size();
    const std::size_t wanted = std::min(point_count, kills / 2);
    for (std::size_t i = 0; i < wanted; ++i) {
        const std::size_t point = i * point_count / wanted;
        run.kill_at_point({1 + point / kCuts.size(), kCuts.at(point % kCuts.size())}, points);
    }
    check("killed_at_points", points.violations);

    Figures moments;
    run.kill_at_moments(std::max(kills, points.kills + 1) - points.kills, false, moments);
    check("killed_at_moments", moments.violations);

    fmt::print(
        "seed={} kills={} at_points={} of={} in_recovery={} at_moments={} granted={} "
        "violations={}\n",
        seed,
        points.kills + moments.kills,
        wanted,
        point_count,
        points.kills_in_recovery,
        moments.kills,
        points.granted + moments.granted,
        points.violations.size() + moments.violations.size());
    if (failed == 0)
        std::filesystem::remove_all(directory);
    else
        fmt::print("the journals are in {}\n", directory);
    fmt::print("{} passed, {} failed, 0 skipped\n", 3 - failed, failed);
    return failed == 0 ? 0 : 1;
}
