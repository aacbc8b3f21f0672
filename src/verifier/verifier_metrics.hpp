// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The metrics of the verifier, present from the start. Safe from any thread.
#pragma once

#include "base/metrics.hpp"
#include "verifier/tasks.hpp"
#include "verifier/work_queue.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::verifier {

/// Why a message ended here without a verdict on its truth.
enum class Ignored : std::uint8_t {
    over_budget,
    queue_full,
    /// The same vote, block or aggregate was found valid a short time ago.
    duplicate,
    /// It carries a proof of another proof system.
    foreign_proof,
    /// The check was not carried out: the CPU pool or the proof system gave it up.
    not_checked,
    /// The blockchain actor had no room for it.
    blockchain_full,
};
inline constexpr std::size_t kIgnoredCount = 6;
std::string_view to_string(Ignored ignored);

struct VerifierMetrics {
    explicit VerifierMetrics(Metrics& metrics);

    Counter& ignored(Kind kind, Ignored why) {
        return *ignored_.at(static_cast<std::size_t>(kind)).at(static_cast<std::size_t>(why));
    }

    Counter& votes_valid;
    Counter& votes_invalid;
    /// Seconds per batch of votes.
    Histogram& vote_seconds;
    /// Votes per batch.
    Histogram& vote_batch_size;
    Counter& aggregates_valid;
    Counter& aggregates_invalid;
    Histogram& aggregate_seconds;
    Counter& blocks_valid;
    Counter& blocks_invalid;
    Histogram& block_seconds;
    /// Bytes known to be invalid that came again.
    Counter& known_invalid;
    Counter& own_refused;
    Gauge& waiting;

  private:
    std::array<std::array<Counter*, kIgnoredCount>, kKindCount> ignored_{};
};

}  // namespace lepton::verifier
