// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What is decided of a gossip message before its signatures are looked at: its bytes, and what the
// chain's snapshot says of its slot. Pure; any thread.
#pragma once

#include "network_api/chain_view.hpp"
#include "network_api/messages.hpp"
#include "p2p/topics.hpp"
#include "types/network_profile.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace lepton::p2p {

/// A message that goes to the verifier. Peer and id are not filled in.
using DecodedGossip = std::variant<network_api::ReceivedBlock,
                                   network_api::ReceivedAttestation,
                                   network_api::ReceivedAggregatedAttestation>;

/// Why a message does not go to the verifier.
struct GossipRefusal {
    GossipVerdict verdict = GossipVerdict::ignore;
    /// Absent when the message is fine and of no use.
    std::optional<Rejection> reason;
    /// For counters: static text.
    std::string_view name;

    bool operator==(const GossipRefusal&) const = default;
};

/// Returns the network's time at wall time `now`: that of the snapshot, and what has passed since
/// its tick. So a blockchain actor that is late does not make honest messages look early.
Interval network_time(const network_api::ChainView& view,
                      UnixMs now,
                      const NetworkProfile& profile);

/// Decodes the payload of a message on `topic`, computes its root once, and checks that its slot is
/// neither in the future nor final, and that a block is new.
/// Input:  time: as network_time gives it
/// Errors: DECODE_ERROR, BLOCK_TOO_FAR_IN_FUTURE, BLOCK_NOT_AFTER_FINALIZED,
///         ATTESTATION_TOO_FAR_IN_FUTURE, ATTESTATION_TOO_OLD, EMPTY_AGGREGATION_BITS; no reason
///         for a block that is in the tree
/// Cost:   one decode and one hash_tree_root of the block, or of the attestation data
Result<DecodedGossip, GossipRefusal> check_gossip(const Topic& topic,
                                                  ByteView payload,
                                                  const network_api::ChainView& view,
                                                  Interval time,
                                                  const NetworkProfile& profile);

}  // namespace lepton::p2p
