// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The four actors of a node and how they are wired, started and supervised: the same for a process
// and for a node of a simulated network. Threads, sockets, disks, clocks and randomness are brought
// by the owner.
//
// Supervision: root → verifier (restarted), blockchain (essential: its end ends the node), net →
// swarm adapter and P2P (restarted). Each of the two supervisors restarts up to five times a
// minute, then the node ends. Start in this order, stop in reverse.
#pragma once

#include "actor/system.hpp"
#include "aggregation/bundle/bundle_backend.hpp"
#include "base/metrics.hpp"
#include "blockchain/blockchain_actor.hpp"
#include "crypto/signature_scheme.hpp"
#include "libp2p/reactor.hpp"
#include "libp2p/transport.hpp"
#include "network_api/chain_view.hpp"
#include "network_api/messages.hpp"
#include "node/actor_metrics.hpp"
#include "p2p/p2p_config.hpp"
#include "storage/storage.hpp"
#include "verifier/verifier_metrics.hpp"

#include <functional>
#include <memory>
#include <string>

namespace lepton::node {

/// Exit code of a node whose disk, port or socket failed (sysexits.h EX_IOERR).
inline constexpr int kExitEnvironment = 74;

/// Where a node runs. Everything outlives the assembly.
struct NodeWorld {
    /// The thread of the sockets, of the other actors, and of the blockchain.
    actor::Scheduler& net;
    actor::Scheduler& pool;
    actor::Scheduler& chain;
    /// Signatures and proofs; preparation of keys.
    actor::Offload& offload;
    actor::Offload& background;
    std::size_t verifier_jobs_max = 1;
    /// That of the network's profile.
    const crypto::SignatureScheme& scheme;
    const Clock& clock;
    libp2p::Reactor& reactor;
    /// One per thread that draws from it.
    Random& net_random;
    Random& pool_random;
    Random& supervisor_random;
    Metrics& metrics;
    storage::Storage& storage;
    /// Called on the net thread, at each start of the swarm adapter.
    std::function<std::unique_ptr<libp2p::Transport>()> make_transport;
};

/// What a node is.
struct NodeSetup {
    p2p::P2pConfig p2p;
    blockchain::BlockchainOptions blockchain;
    /// The chain as it is in the storage.
    consensus::Store store;
    /// Null for a node without validators.
    std::shared_ptr<blockchain::KeyRoom> keys;
    /// Identity key in protobuf form, and the name peers are told.
    Bytes identity_public_key;
    std::string agent;
    libp2p::Multiaddr listen;
    aggregation::MakeBackend make_backend = aggregation::bundle::make_backend;
};

class Assembly {
  public:
    /// Creates the actors and starts them.
    Assembly(NodeSetup setup, const NodeWorld& world);
    Assembly(const Assembly&) = delete;
    Assembly& operator=(const Assembly&) = delete;

    actor::System& system() { return system_; }
    const network_api::ChainViewSnapshot& chain_view() const { return view_; }
    const actor::Recipient<network_api::SetAggregator>& set_aggregator() const {
        return *set_aggregator_;
    }

  private:
    network_api::ChainViewSnapshot view_;
    blockchain::BlockchainMetrics blockchain_metrics_;
    verifier::VerifierMetrics verifier_metrics_;
    std::unique_ptr<aggregation::AggregationBackend> backend_;
    actor::SupervisorSpec net_supervisor_;
    std::optional<actor::Recipient<network_api::SetAggregator>> set_aggregator_;
    /// The actors use the members above until it is gone.
    actor::System system_;
    std::shared_ptr<ActorMetrics> actor_metrics_;
};

}  // namespace lepton::node
