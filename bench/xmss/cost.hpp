// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a piece of work costs: processor time and core cycles. One thread.
#pragma once

#include <string_view>

namespace lepton::bench {

struct Cost {
    double ns = 0;      ///< processor time of this thread
    double cycles = 0;  ///< 0 without a source of cycles
};

/// Where the number of cycles comes from.
enum class CycleSource {
    counter,          ///< the processor's counter of cycles in user mode
    multiplications,  ///< the time divided by that of a multiplication that waits for the one
                      ///< before
    none,             ///< neither: another processor than x86-64
};

std::string_view to_string(CycleSource source);

class CostMeter {
  public:
    /// Uses the best source this machine gives.
    CostMeter();
    ~CostMeter();
    CostMeter(const CostMeter&) = delete;
    CostMeter& operator=(const CostMeter&) = delete;

    CycleSource source() const { return source_; }

    /// Returns what one call of `work` costs; it should take a tenth of a millisecond at least.
    template <class Work>
    Cost of(const Work& work) const {
        const Reading before = read();
        work();
        return since(before);
    }

  private:
    struct Reading {
        double ns = 0;
        double cycles = 0;  // with the counter only
    };
    Reading read() const;
    Cost since(const Reading& before) const;

    int counter_ = -1;  // file descriptor
    CycleSource source_ = CycleSource::none;
};

/// Returns the processor time of this thread in nanoseconds.
double thread_ns();

}  // namespace lepton::bench
