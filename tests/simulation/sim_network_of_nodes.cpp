// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_network_of_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::simulation {
namespace {

constexpr std::uint64_t kGenesisTime = 1'700'000'000;
constexpr std::uint64_t kMsBeforeGenesis = 2'000;

std::shared_ptr<const Validators> registry_of(std::size_t count) {
    auto registry = std::make_shared<Validators>();
    for (std::size_t i = 0; i < count; ++i) {
        const ValidatorKeys& keys = keys_of(i);
        registry->push_back({PublicKey(keys.attestation_public_key),
                             PublicKey(keys.proposal_public_key),
                             ValidatorIndex{i}});
    }
    return registry;
}

std::uint64_t mix(std::uint64_t hash, ByteView bytes) {
    for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

}  // namespace

SimNetworkOfNodes::SimNetworkOfNodes(const SimOptions& options)
    : options_(options),
      genesis_{.profile = network_profile("leanspec-test").value(),
               .genesis_time = kGenesisTime,
               .validators = registry_of(options.nodes * options.validators_per_node)},
      simulator_({.seed = options.seed,
                  .unix_ms_at_start = kGenesisTime * 1000 - kMsBeforeGenesis,
                  // One node has a queue of its own for 256 jobs; here all share one.
                  .offload_queue_max = 256 * options.nodes}),
      network_(simulator_.random()) {
    std::vector<libp2p::Multiaddr> addresses;
    for (std::size_t i = 0; i < options.nodes; ++i) addresses.push_back(SimNode::address_of(i));
    for (std::size_t i = 0; i < options.nodes; ++i) {
        std::vector<ValidatorIndex> validators;
        for (std::size_t v = 0; v < options.validators_per_node; ++v) {
            validators.emplace_back(v * options.nodes + i);
        }
        nodes_.push_back(std::make_unique<SimNode>(
            i, simulator_, network_, genesis_, addresses, std::move(validators)));
        nodes_.back()->start();
    }
}

UnixMs SimNetworkOfNodes::slot_start_ms(std::uint64_t slot) const {
    return genesis_.genesis_time * 1000 + slot * genesis_.profile.milliseconds_per_slot();
}

void SimNetworkOfNodes::run_to_slot(std::uint64_t slot) {
    const UnixMs end = slot_start_ms(slot) + 3 * genesis_.profile.milliseconds_per_interval;
    while (simulator_.clock().unix_ms() < end) {
        const UnixMs left = end - simulator_.clock().unix_ms();
        simulator_.run_for(std::chrono::milliseconds(
            std::min<UnixMs>(left, genesis_.profile.milliseconds_per_interval)));
        check_oracles();
    }
}

void SimNetworkOfNodes::check_oracles() {
    for (const auto& node : nodes_) {
        if (!node->is_running()) continue;
        if (const auto exit = node->exit()) {
            violations_.push_back(
                fmt::format("{} ended: code {} {}", node->name(), exit->code, exit->reason));
            node->crash();
            continue;
        }
        const Checkpoint finalized = node->view()->latest_finalized;
        if (finalized.root.is_zero()) continue;  // it has not started yet
        const auto [known, is_new] = finalized_.try_emplace(finalized.slot, finalized.root);
        if (!is_new && known->second != finalized.root) {
            violations_.push_back(
                fmt::format("conflicting finality at slot {}: {} has {}, another {}",
                            finalized.slot,
                            node->name(),
                            finalized.root,
                            known->second));
        }
        Slot& highest = finalized_of_[node->name()];
        if (finalized.slot < highest) {
            violations_.push_back(fmt::format("{}: finalized slot went back from {} to {}",
                                              node->name(),
                                              highest,
                                              finalized.slot));
        }
        highest = std::max(highest, finalized.slot);
    }
}

std::uint64_t SimNetworkOfNodes::finalized_slot() const {
    std::uint64_t lowest = UINT64_MAX;
    for (const auto& node : nodes_) {
        if (node->is_running())
            lowest = std::min(lowest, node->view()->latest_finalized.slot.value);
    }
    return lowest;
}

std::uint64_t SimNetworkOfNodes::trace_hash() const {
    std::uint64_t hash = simulator_.trace_hash();
    for (const auto& node : nodes_) {
        if (!node->is_running()) continue;
        const auto view = node->view();
        hash = mix(hash, view->head.root.bytes);
        hash = mix(hash, view->latest_finalized.root.bytes);
    }
    return hash;
}

std::string SimNetworkOfNodes::summary() const {
    std::string text;
    for (const auto& node : nodes_) {
        if (!node->is_running()) {
            text += fmt::format("{} down\n", node->name());
            continue;
        }
        const auto view = node->view();
        text += fmt::format("{} slot {} head {} {} justified {} finalized {}\n",
                            node->name(),
                            view->current_slot,
                            view->head.slot,
                            view->head.root,
                            view->latest_justified.slot,
                            view->latest_finalized.slot);
    }
    return text;
}

}  // namespace lepton::simulation
