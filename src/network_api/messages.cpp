// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "network_api/messages.hpp"

#include "base/assert.hpp"
#include "types/ssz.hpp"

namespace lepton::network_api {

std::string_view to_string(BlockSource source) {
    switch (source) {
        case BlockSource::gossip:
            return "gossip";
        case BlockSource::sync:
            return "sync";
        case BlockSource::own:
            return "own";
    }
    assertion_failed("known BlockSource", __FILE__, __LINE__, {});
}

std::string_view to_string(PublishStatus status) {
    switch (status) {
        case PublishStatus::published:
            return "published";
        case PublishStatus::no_peers:
            return "no_peers";
        case PublishStatus::duplicate:
            return "duplicate";
        case PublishStatus::too_large:
            return "too_large";
        case PublishStatus::queue_full:
            return "queue_full";
        case PublishStatus::stopped:
            return "stopped";
    }
    assertion_failed("known PublishStatus", __FILE__, __LINE__, {});
}

std::string_view to_string(PublishKind kind) {
    switch (kind) {
        case PublishKind::block:
            return "block";
        case PublishKind::attestation:
            return "attestation";
        case PublishKind::aggregated_attestation:
            return "aggregated_attestation";
    }
    assertion_failed("known PublishKind", __FILE__, __LINE__, {});
}

std::string_view to_string(FetchStatus status) {
    switch (status) {
        case FetchStatus::delivered:
            return "delivered";
        case FetchStatus::gave_up:
            return "gave_up";
        case FetchStatus::stopped:
            return "stopped";
    }
    assertion_failed("known FetchStatus", __FILE__, __LINE__, {});
}

std::size_t mailbox_cost(const ReceivedBlock& message) {
    return ssz::Codec<SignedBlock>::encoded_size(message.block);
}

std::size_t mailbox_cost(const ReceivedAggregatedAttestation& message) {
    return ssz::Codec<SignedAggregatedAttestation>::encoded_size(message.attestation);
}

std::size_t mailbox_cost(const NewBlock& message) {
    return ssz::Codec<SignedBlock>::encoded_size(*message.block);
}

std::size_t mailbox_cost(const NewAggregatedAttestation& message) {
    return ssz::Codec<SignedAggregatedAttestation>::encoded_size(*message.attestation);
}

}  // namespace lepton::network_api
