// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/pending_votes.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::blockchain {
namespace {

bool is_aggregate(const PendingVotes::Vote& vote) {
    return std::holds_alternative<network_api::NewAggregatedAttestation>(vote);
}

Slot slot_of(const PendingVotes::Vote& vote) {
    return std::visit([](const auto& message) { return message.attestation->data.slot; }, vote);
}

}  // namespace

std::size_t PendingVotes::park(Vote vote, const Root& block) {
    if (is_aggregate(vote)) ++aggregates_;
    votes_.push_back({std::move(vote), block});

    const std::size_t before = votes_.size();
    while (aggregates_ > kPendingAggregatesMax) {
        remove(std::ranges::find_if(votes_,
                                    [](const Entry& entry) { return is_aggregate(entry.vote); }));
    }
    while (votes_.size() > kPendingVotesMax) remove(votes_.begin());
    return before - votes_.size();
}

std::vector<PendingVotes::Vote> PendingVotes::take(const Root& block) {
    std::vector<Vote> taken;
    for (auto at = votes_.begin(); at != votes_.end();) {
        if (at->block == block) {
            taken.push_back(std::move(at->vote));
            at = remove(at);
        } else {
            ++at;
        }
    }
    return taken;
}

std::size_t PendingVotes::expire(Slot current_slot) {
    const auto is_old = [&](const Entry& entry) {
        const Slot slot = slot_of(entry.vote);
        return current_slot > slot && current_slot - slot > kPendingVoteAgeMax;
    };
    const std::size_t before = votes_.size();
    for (auto at = votes_.begin(); at != votes_.end();) {
        at = is_old(*at) ? remove(at) : std::next(at);
    }
    return before - votes_.size();
}

PendingVotes::Entries::iterator PendingVotes::remove(Entries::iterator at) {
    LEPTON_ASSERT(at != votes_.end());
    if (is_aggregate(at->vote)) --aggregates_;
    return votes_.erase(at);
}

}  // namespace lepton::blockchain
