// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: the neighbours of the verifier, as lists of what they received.
#pragma once

#include "verifier/verifier.hpp"

#include <utility>
#include <vector>

namespace lepton::verifier::test {

struct Neighbours {
    std::vector<network_api::NewBlock> blocks;
    std::vector<network_api::NewAttestation> votes;
    std::vector<network_api::NewAggregatedAttestation> aggregates;
    std::vector<network_api::OwnMessageRefused> refused;
    std::vector<network_api::GossipVerdictMessage> verdicts;
    std::vector<network_api::ReportPeer> reports;
    /// The blockchain actor has no room.
    bool is_blockchain_full = false;

    Outlets outlets() {
        return {
            into_blockchain(blocks),
            into_blockchain(votes),
            into_blockchain(aggregates),
            into(refused),
            into(verdicts),
            into(reports),
        };
    }

  private:
    template <class M>
    actor::Recipient<M> into_blockchain(std::vector<M>& list) {
        return actor::Recipient<M>::to([this, &list](M& message) -> actor::SendResult {
            if (is_blockchain_full) return actor::SendError::full;
            list.push_back(std::move(message));
            return {};
        });
    }
    template <class M>
    static actor::Recipient<M> into(std::vector<M>& list) {
        return actor::Recipient<M>::to([&list](M message) { list.push_back(std::move(message)); });
    }
};

}  // namespace lepton::verifier::test
