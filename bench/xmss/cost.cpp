// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "cost.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>

namespace lepton::bench {
namespace {

// x86-64 processors of the last fifteen years multiply in three cycles, and none takes a shortcut
// as some do for additions.
constexpr double kCyclesPerMultiplication = 3;
constexpr int kMultiplications = 10'000;
constexpr int kRuns = 3;

#if defined(__x86_64__)
constexpr bool kHasMultiplications = true;

void multiply_in_a_row() {
    std::uint64_t product = 3;
    for (int i = 0; i < kMultiplications; ++i) asm volatile("imul %0, %0" : "+r"(product));
}
#else
constexpr bool kHasMultiplications = false;

void multiply_in_a_row() {}
#endif

// The least time of several runs of so many chains, because whatever interrupts one adds to it.
double chains_ns(int chains) {
    double least = std::numeric_limits<double>::max();
    for (int run = 0; run < kRuns; ++run) {
        const double start = thread_ns();
        for (int i = 0; i < chains; ++i) multiply_in_a_row();
        least = std::min(least, thread_ns() - start);
    }
    return least;
}

// The frequency of this core right now. Twice the work minus once: reading the clock cancels out.
double cycles_per_ns() {
    return kMultiplications * kCyclesPerMultiplication / (chains_ns(2) - chains_ns(1));
}

int open_counter() {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = PERF_COUNT_HW_CPU_CYCLES;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    return static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, 0 /* this thread */, -1, -1, 0UL));
}

}  // namespace

std::string_view to_string(CycleSource source) {
    switch (source) {
        case CycleSource::counter:
            return "counted by the processor";
        case CycleSource::multiplications:
            return "estimated: time by that of a multiplication, which takes three";
        case CycleSource::none:
            break;
    }
    return "not available";
}

double thread_ns() {
    std::timespec spent{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return 1e9 * static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec);
}

CostMeter::CostMeter() : counter_(open_counter()) {
    if (counter_ >= 0)
        source_ = CycleSource::counter;
    else if (kHasMultiplications)
        source_ = CycleSource::multiplications;
}

CostMeter::~CostMeter() {
    if (counter_ >= 0) ::close(counter_);
}

CostMeter::Reading CostMeter::read() const {
    std::uint64_t cycles = 0;
    if (counter_ >= 0 && ::read(counter_, &cycles, sizeof cycles) != sizeof cycles) cycles = 0;
    return {thread_ns(), static_cast<double>(cycles)};
}

Cost CostMeter::since(const Reading& before) const {
    const Reading now = read();
    Cost cost{now.ns - before.ns, now.cycles - before.cycles};
    if (source_ == CycleSource::multiplications) cost.cycles = cost.ns * cycles_per_ns();
    return cost;
}

}  // namespace lepton::bench
