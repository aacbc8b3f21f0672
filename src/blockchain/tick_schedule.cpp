// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/tick_schedule.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <chrono>

namespace lepton::blockchain {

std::optional<Tick> TickSchedule::advance(UnixMs now) {
    if (now < consensus::start_of(Interval{}, genesis_time_, profile_)) return std::nullopt;
    const Interval interval = consensus::interval_at(now, genesis_time_, profile_);
    if (done_ && interval <= *done_) return std::nullopt;

    Tick tick{.interval = interval, .first = consensus::phase_of(interval)};
    if (done_) {
        const bool is_same_slot = consensus::slot_of(*done_) == tick.slot();
        tick.first = is_same_slot ? consensus::phase_of(*done_ + 1) : consensus::Phase::propose;
    }
    done_ = interval;
    LEPTON_ASSERT(tick.covers(tick.phase()));
    return tick;
}

Duration TickSchedule::wait(UnixMs now) const {
    const Interval next = done_ ? *done_ + 1 : Interval{};
    const UnixMs begin = consensus::start_of(next, genesis_time_, profile_);
    const UnixMs left = begin > now ? begin - now : 0;
    return std::chrono::milliseconds{
        std::clamp<UnixMs>(left, 1, profile_.milliseconds_per_interval)};
}

}  // namespace lepton::blockchain
