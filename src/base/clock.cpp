// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/clock.hpp"

#include "base/fault.hpp"

namespace lepton {

Time SystemClock::now() const {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

UnixMs SystemClock::unix_ms() const {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
#ifdef LEPTON_FAULTS
    ms += fault::wall_offset_ms();
#endif
    return static_cast<UnixMs>(ms);
}

void ManualClock::advance_to(Time to) {
    const auto target = to.time_since_epoch().count();
    if (target > elapsed_ns_.load()) elapsed_ns_ = target;
}

}  // namespace lepton
