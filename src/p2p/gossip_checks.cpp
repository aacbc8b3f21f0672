// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/gossip_checks.hpp"

#include "base/assert.hpp"
#include "ssz/ssz.hpp"
#include "types/ssz.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

using network_api::ChainView;
using network_api::ReceivedAggregatedAttestation;
using network_api::ReceivedAttestation;
using network_api::ReceivedBlock;
using Checked = Result<DecodedGossip, GossipRefusal>;

constexpr std::string_view kKnownBlock = "known_block";

std::unexpected<GossipRefusal> refuse(Rejection reason) {
    const RejectionRow& row = rejection_row(reason);
    return std::unexpected(GossipRefusal{row.verdict, reason, row.name});
}

// True for a slot that begins later than the clocks of honest nodes can differ.
bool is_in_future(Slot slot, Interval time) {
    return slot.value > (time.value + kGossipDisparityIntervals) / kIntervalsPerSlot;
}

// A vote for a slot below the final one is for a head that is not above it.
std::optional<Rejection> check_slot(const AttestationData& data,
                                    const ChainView& view,
                                    Interval time) {
    if (is_in_future(data.slot, time)) return Rejection::ATTESTATION_TOO_FAR_IN_FUTURE;
    if (data.slot < view.latest_finalized.slot) return Rejection::ATTESTATION_TOO_OLD;
    return std::nullopt;
}

Checked check_block(SignedBlock block, const ChainView& view, Interval time) {
    const Slot slot = block.block.slot;
    if (is_in_future(slot, time)) return refuse(Rejection::BLOCK_TOO_FAR_IN_FUTURE);
    if (slot <= view.latest_finalized.slot) return refuse(Rejection::BLOCK_NOT_AFTER_FINALIZED);
    const Root root = hash_tree_root(block.block);
    if (view.find(root) != nullptr) {
        return std::unexpected(GossipRefusal{GossipVerdict::ignore, std::nullopt, kKnownBlock});
    }
    return ReceivedBlock{.block = std::move(block),
                         .root = root,
                         .peer = {},
                         .gossip_id = std::nullopt,
                         .source = network_api::BlockSource::gossip};
}

Checked check_attestation(SignedAttestation attestation, const ChainView& view, Interval time) {
    if (const auto reason = check_slot(attestation.data, view, time)) return refuse(*reason);
    const Root data_root = hash_tree_root(attestation.data);
    return ReceivedAttestation{std::move(attestation), data_root, {}, std::nullopt};
}

Checked check_aggregate(SignedAggregatedAttestation aggregate,
                        const ChainView& view,
                        Interval time) {
    if (const auto reason = check_slot(aggregate.data, view, time)) return refuse(*reason);
    if (aggregate.proof.participants.count() == 0) {
        return refuse(Rejection::EMPTY_AGGREGATION_BITS);
    }
    const Root data_root = hash_tree_root(aggregate.data);
    return ReceivedAggregatedAttestation{std::move(aggregate), data_root, {}, std::nullopt};
}

}  // namespace

Interval network_time(const ChainView& view, UnixMs now, const NetworkProfile& profile) {
    if (view.last_tick_unix_ms == 0 || now <= view.last_tick_unix_ms) return view.time;
    return view.time + (now - view.last_tick_unix_ms) / profile.milliseconds_per_interval;
}

Checked check_gossip(const Topic& topic,
                     ByteView payload,
                     const ChainView& view,
                     Interval time,
                     const NetworkProfile& profile) {
    const ssz::DecodeContext context = decode_context(profile);
    const auto decode = [&]<class T>(auto check) -> Checked {
        auto value = ssz::decode<T>(payload, context);
        if (!value) {
            const RejectionRow& row = rejection_row(Rejection::DECODE_ERROR);
            return std::unexpected(
                GossipRefusal{row.verdict, row.reason, to_string(value.error())});
        }
        return check(*std::move(value), view, time);
    };
    switch (topic.kind) {
        case TopicKind::block:
            return decode.template operator()<SignedBlock>(check_block);
        case TopicKind::aggregation:
            return decode.template operator()<SignedAggregatedAttestation>(check_aggregate);
        case TopicKind::attestation:
            return decode.template operator()<SignedAttestation>(check_attestation);
    }
    assertion_failed("known TopicKind", __FILE__, __LINE__, {});
}

}  // namespace lepton::p2p
