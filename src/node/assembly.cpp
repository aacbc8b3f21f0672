// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/assembly.hpp"

#include "blockchain/store_view.hpp"
#include "p2p/p2p_actor.hpp"
#include "p2p/swarm_adapter.hpp"
#include "verifier/verifier_actor.hpp"

namespace lepton::node {
namespace {

using blockchain::BlockchainActor;
using p2p::P2pActor;
using p2p::SwarmAdapter;
using verifier::VerifierActor;

aggregation::Executor executor_on(actor::Offload& offload) {
    // A refused task is destroyed, which ends its job as dropped.
    return [&offload](std::move_only_function<void()> task) { offload.submit(task); };
}

}  // namespace

Assembly::Assembly(NodeSetup setup, const NodeWorld& world)
    // What is shown until the blockchain actor has started: never less than what is in the storage.
    : view_(std::make_shared<const network_api::ChainView>(blockchain::view_of(setup.store))),
      blockchain_metrics_(world.metrics),
      verifier_metrics_(world.metrics),
      backend_(setup.make_backend(world.scheme,
                                  {.proof_size_max = setup.blockchain.profile.proof_size_max,
                                   .components_max = setup.blockchain.profile.proof_components_max},
                                  executor_on(world.offload),
                                  world.clock)),
      net_supervisor_{.name = "net",
                      .max_restarts = 5,
                      .window = std::chrono::seconds(60),
                      .backoff_min = std::chrono::seconds(1),
                      .backoff_max = std::chrono::seconds(30),
                      .restart = actor::Restart::essential},
      // A verifier that ends once per slot is of no use: it has no more restarts than the network.
      system_({.control = world.pool,
               .offload = world.offload,
               .random = world.supervisor_random,
               .root = {.max_restarts = 5, .window = std::chrono::seconds(60)}}),
      actor_metrics_(std::make_shared<ActorMetrics>(system_)) {
    world.metrics.add(actor_metrics_);
    const auto validators = setup.store.validators;

    verifier::VerifierParts verifier_parts{.validators = validators,
                                           .scheme = world.scheme,
                                           .backend = *backend_,
                                           .clock = world.clock,
                                           .metrics = verifier_metrics_,
                                           .jobs_max = world.verifier_jobs_max};
    // Taken by the first start: the blockchain actor is never started again.
    auto blockchain_parts =
        std::make_unique<blockchain::BlockchainParts>(blockchain::BlockchainParts{
            .options = std::move(setup.blockchain),
            .store = std::move(setup.store),
            .storage = world.storage,
            .backend = *backend_,
            .keys = std::move(setup.keys),
            .background = world.background,
            .clock = world.clock,
            .metrics = blockchain_metrics_,
            .view = view_,
            .environment_failed = [this](const IoError& error) {
                system_.fail({.code = kExitEnvironment,
                              .reason = "component=blockchain what=\"" + error.what + "\""});
            }});
    const auto adapter_config = p2p::swarm_adapter_config(
        setup.p2p, std::move(setup.identity_public_key), std::move(setup.agent), setup.listen);

    const auto refs = system_.wire<VerifierActor, BlockchainActor, SwarmAdapter, P2pActor>(
        {{.name = "verifier", .scheduler = world.pool},
         {.name = "blockchain", .scheduler = world.chain, .restart = actor::Restart::essential},
         {.name = "swarm_adapter", .scheduler = world.net, .supervisor = &net_supervisor_},
         {.name = "p2p", .scheduler = world.pool, .supervisor = &net_supervisor_}},
        [verifier_parts](const auto& all) {
            const auto& chain = std::get<1>(all);
            const auto& network = std::get<3>(all);
            return VerifierActor{verifier_parts,
                                 {.new_block = chain,
                                  .new_attestation = chain,
                                  .new_aggregated_attestation = chain,
                                  .own_message_refused = chain,
                                  .gossip_verdict = network,
                                  .report_peer = network}};
        },
        [parts = std::move(blockchain_parts)](const auto& all) {
            const auto& check = std::get<0>(all);
            const auto& network = std::get<3>(all);
            return BlockchainActor{std::move(*parts),
                                   {.own_block = check,
                                    .own_attestation = check,
                                    .own_aggregated_attestation = check,
                                    .publish_block = network,
                                    .publish_attestation = network,
                                    .publish_aggregated_attestation = network,
                                    .fetch_block = network,
                                    .report_peer = network}};
        },
        [world, adapter_config](const auto&) {
            return SwarmAdapter{adapter_config,
                                world.reactor,
                                world.make_transport(),
                                world.net_random,
                                world.metrics};
        },
        [this, world, config = setup.p2p](const auto& all) {
            const auto& check = std::get<0>(all);
            return P2pActor{
                config,
                {.blocks = check, .attestations = check, .aggregated_attestations = check},
                p2p::SwarmRecipients{std::get<2>(all)},
                {.chain = view_,
                 .blocks = world.storage,
                 .clock = world.clock,
                 .random = world.pool_random,
                 .metrics = world.metrics}};
        });
    set_aggregator_.emplace(std::get<1>(refs));
}

}  // namespace lepton::node
