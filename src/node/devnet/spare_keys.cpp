// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/spare_keys.hpp"

#include "node/low_priority.hpp"

#include <algorithm>
#include <utility>

namespace lepton::node {

SpareKeys::SpareKeys(KeyCache cache, std::size_t wanted)
    : cache_(std::move(cache)),
      keys_to_make_(wanted - std::min(wanted, cache_.size())),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void SpareKeys::work(const std::stop_token& stop) {
    run_at_low_priority();
    SystemRandom random;
    while (keys_made_ < keys_to_make_ && !stop.stop_requested()) {
        const auto made = cache_.make(
            random, stop, [this](std::uint64_t slots, std::uint64_t) { slots_made_ = slots; });
        if (!made) {
            failure_ = made.error();
            break;
        }
        if (stop.stop_requested()) break;
        slots_made_ = 0;
        ++keys_made_;
    }
    is_done_ = true;
}

}  // namespace lepton::node
