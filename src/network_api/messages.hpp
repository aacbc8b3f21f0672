// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every message that crosses between the P2P actor, the verifier and the blockchain actor. A
// message with a `reply` can only be asked, never sent: its outcome always comes back. Move-only
// where the payload is large. Any thread.
#pragma once

#include "network_api/verified.hpp"
#include "types/rejection.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lepton::network_api {

/// The peer a message came from: its peer id in base58, empty for this node itself.
using PeerName = std::string;
/// The gossip message id (20 bytes) under which a verdict is awaited; absent when nobody waits for
/// one.
using GossipId = std::optional<Bytes20>;

enum class BlockSource : std::uint8_t {
    /// Heard on the block topic: counts for arrival metrics.
    gossip,
    /// Asked for.
    sync,
    /// Proposed by this node.
    own,
};
std::string_view to_string(BlockSource source);

// --- blockchain → P2P: publishing
// --------------------------------------------------------------------------------

enum class PublishStatus : std::uint8_t {
    published,
    /// Nobody to send it to: no peer is subscribed to the topic.
    no_peers,
    /// The same message was published or received before.
    duplicate,
    too_large,
    /// Every peer's queue was full.
    queue_full,
    /// The network part of this node has stopped.
    stopped,
};
std::string_view to_string(PublishStatus status);

enum class PublishKind : std::uint8_t { block, attestation, aggregated_attestation };
std::string_view to_string(PublishKind kind);

/// What became of a publish command, known only once the router has handled it.
struct PublishOutcome {
    PublishKind kind = PublishKind::block;
    Slot slot;
    /// Block root, or root of the attestation data.
    Root root;
    PublishStatus status = PublishStatus::stopped;
    /// Peers the message was queued for.
    std::size_t peers = 0;

    bool operator==(const PublishOutcome&) const = default;
};

struct PublishBlock {
    using reply = PublishOutcome;
    std::shared_ptr<const SignedBlock> block;
    Root root;
};

struct PublishAttestation {
    using reply = PublishOutcome;
    SignedAttestation attestation;
    Root data_root;
};

struct PublishAggregatedAttestation {
    using reply = PublishOutcome;
    SignedAggregatedAttestation attestation;
    Root data_root;
};

// --- blockchain → P2P: fetching
// ----------------------------------------------------------------------------------

enum class FetchStatus : std::uint8_t {
    /// The block was found, and is on its way through the verifier as a ReceivedBlock of source
    /// `sync`.
    delivered,
    /// Every attempt failed; ask again later.
    gave_up,
    stopped,
};
std::string_view to_string(FetchStatus status);

struct FetchOutcome {
    Root root;
    FetchStatus status = FetchStatus::stopped;
    unsigned attempts = 0;

    bool operator==(const FetchOutcome&) const = default;
};

/// Asks peers for the block `root` until one delivers it or the attempts are used up. Waits while
/// there is no peer.
struct FetchBlock {
    using reply = FetchOutcome;
    Root root;
};

// --- blockchain, verifier → P2P: judging
// -------------------------------------------------------------------------

/// The verdict on a gossip message: the router forwards, forgets or refuses it; a penalty follows
/// the reason's row.
struct GossipVerdictMessage {
    Bytes20 id{};
    PeerName peer;
    GossipVerdict verdict = GossipVerdict::ignore;
    /// Absent when accepted, and when the message was ignored for a reason of this node's own:
    /// too much to do, seen before.
    std::optional<Rejection> reason;
};

/// A peer gave something that turned out wrong after its verdict (import failed, answer to a
/// request invalid).
struct ReportPeer {
    PeerName peer;
    Rejection reason = Rejection::DECODE_ERROR;
    /// Root of what was wrong, for the log.
    Root root;
};

// --- P2P, blockchain → verifier
// ----------------------------------------------------------------------------------

/// A decoded block whose signatures are not checked. `root` is its hash_tree_root, computed once,
/// here.
struct ReceivedBlock {
    SignedBlock block;
    Root root;
    PeerName peer;
    GossipId gossip_id;
    BlockSource source = BlockSource::gossip;
};

struct ReceivedAttestation {
    SignedAttestation attestation;
    Root data_root;
    PeerName peer;
    GossipId gossip_id;
};

struct ReceivedAggregatedAttestation {
    SignedAggregatedAttestation attestation;
    Root data_root;
    PeerName peer;
    GossipId gossip_id;
};

/// This node's own messages take the same way, in classes of their own that others' traffic cannot
/// fill.
struct OwnBlock {
    SignedBlock block;
    Root root;
};

struct OwnAttestation {
    SignedAttestation attestation;
    Root data_root;
};

struct OwnAggregatedAttestation {
    SignedAggregatedAttestation attestation;
    Root data_root;
};

// --- verifier → blockchain
// ---------------------------------------------------------------------------------------

struct NewBlock {
    VerifiedBlock block;
    PeerName peer;
    BlockSource source;
};

struct NewAttestation {
    VerifiedAttestation attestation;
    PeerName peer;
};

struct NewAggregatedAttestation {
    VerifiedAggregatedAttestation attestation;
    PeerName peer;
};

/// This node's own message was found wrong: a defect of lepton or of its key files; never
/// published.
struct OwnMessageRefused {
    PublishKind kind = PublishKind::block;
    Slot slot;
    Root root;
    Rejection reason = Rejection::INVALID_SIGNATURE;
};

// --- API → blockchain
// --------------------------------------------------------------------------------------------

struct AggregatorRole {
    bool is_aggregator = false;
    bool was_aggregator = false;
};

/// Switches the aggregator role; not remembered over a restart.
struct SetAggregator {
    using reply = AggregatorRole;
    bool enabled = false;
};

// --- bounds
// ------------------------------------------------------------------------------------------------------

/// Bytes a waiting message holds, for mailbox classes with a limit in bytes: those with proofs.
std::size_t mailbox_cost(const ReceivedBlock& message);
std::size_t mailbox_cost(const ReceivedAggregatedAttestation& message);
std::size_t mailbox_cost(const NewBlock& message);
std::size_t mailbox_cost(const NewAggregatedAttestation& message);

}  // namespace lepton::network_api
