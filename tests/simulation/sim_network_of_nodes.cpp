// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_network_of_nodes.hpp"

#include "base/assert.hpp"
#include "oracles.hpp"

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
               .validators = registry_of(options.nodes * options.validators_per_node +
                                         options.guest_validators)},
      simulator_(
          {.seed = options.seed, .unix_ms_at_start = kGenesisTime * 1000 - kMsBeforeGenesis}),
      network_(simulator_.random(),
               options.plan ? options.plan->network : libp2p::SimNetworkOptions{}),
      scheme_(
          [this](ByteView key, std::uint64_t slot, const Bytes32& message) {
              key_uses_.note(key, slot, message, "its signer");
          },
          // All that nodes take from the network passes here: votes, and what proofs are made of.
          [this](ByteView key, std::uint64_t slot, const Bytes32& message) {
              key_uses_.note(key, slot, message, "the network");
          }),
      world_{.simulator = simulator_, .network = network_, .genesis = genesis_, .scheme = scheme_},
      oracles_(all_oracles()) {
    const std::size_t honest = options.nodes * options.validators_per_node;
    LEPTON_ASSERT(options.guest_validators <= options.guests.size());
    LEPTON_ASSERT(3 * options.guest_validators < genesis_.validators->size());
    for (std::size_t i = 0; i < honest; ++i) {
        key_uses_.watch(keys_of(i).attestation_public_key);
        key_uses_.watch(keys_of(i).proposal_public_key);
    }
    std::vector<libp2p::Multiaddr> addresses;
    for (std::size_t i = 0; i < options.nodes; ++i) addresses.push_back(SimNode::address_of(i));
    for (std::size_t i = 0; i < options.nodes; ++i) {
        std::vector<ValidatorIndex> validators;
        for (std::size_t v = 0; v < options.validators_per_node; ++v) {
            validators.emplace_back(v * options.nodes + i);
        }
        nodes_.push_back(std::make_unique<SimNode>(i, world_, addresses, std::move(validators)));
        const auto started = nodes_.back()->start();
        LEPTON_ASSERT(started.has_value());
    }
    for (std::size_t i = 0; i < options.guests.size(); ++i) {
        std::vector<ValidatorIndex> validators;
        if (i < options.guest_validators) validators.emplace_back(honest + i);
        guests_.push_back(options.guests[i]({.number = i,
                                             .world = world_,
                                             .key_uses = key_uses_,
                                             .nodes = addresses,
                                             .validators = std::move(validators),
                                             .seed = simulator_.random().next_u64()}));
        guests_.back()->start();
    }
    if (options.plan) {
        injector_.emplace(FaultInjector::Targets{.simulator = simulator_,
                                                 .network = network_,
                                                 .nodes = nodes_,
                                                 .guests = guests_,
                                                 .oracles = oracles_,
                                                 .violations = violations_},
                          *options.plan,
                          options.seed);
    }
}

UnixMs SimNetworkOfNodes::slot_start_ms(std::uint64_t slot) const {
    return genesis_.genesis_time * 1000 + slot * genesis_.profile.milliseconds_per_slot();
}

Duration SimNetworkOfNodes::slot_length() const {
    return std::chrono::milliseconds(genesis_.profile.milliseconds_per_slot());
}

std::uint64_t SimNetworkOfNodes::current_slot() const {
    const UnixMs now = simulator_.clock().unix_ms();
    const UnixMs genesis = genesis_.genesis_time * 1000;
    return now < genesis ? 0 : (now - genesis) / genesis_.profile.milliseconds_per_slot();
}

void SimNetworkOfNodes::run_to_slot(std::uint64_t slot) {
    const UnixMs end = slot_start_ms(slot) + 3 * genesis_.profile.milliseconds_per_interval;
    const UnixMs now = simulator_.clock().unix_ms();
    if (now < end) run_for(std::chrono::milliseconds(end - now));
}

void SimNetworkOfNodes::run_for(Duration duration) {
    const Duration interval = std::chrono::milliseconds(genesis_.profile.milliseconds_per_interval);
    for (Duration left = duration; left > Duration::zero();) {
        const Duration step = std::min(left, interval);
        simulator_.run_for(step);
        left -= step;
        check_oracles();
    }
}

void SimNetworkOfNodes::restart(SimNode& node) {
    if (const auto started = node.start(); !started) {
        violations_.add(fmt::format("{} does not start: {}", node.name(), started.error().what));
        return;
    }
    for (const auto& oracle : oracles_) oracle->started(node, violations_);
}

void SimNetworkOfNodes::check_oracles() {
    for (const auto& node : nodes_) {
        if (!node->is_running()) continue;
        for (const auto& oracle : oracles_) oracle->check(*node, violations_);
        if (injector_) {
            injector_->see_to(*node);
        } else if (const auto exit = node->exit()) {
            violations_.add(
                fmt::format("{} ended: code {} {}", node->name(), exit->code, exit->reason));
            node->crash(CrashKind::process);
        }
    }
}

FaultCounts SimNetworkOfNodes::fault_counts() const {
    return injector_ ? injector_->counts() : FaultCounts{};
}

std::uint64_t SimNetworkOfNodes::finalized_slot() const {
    std::uint64_t lowest = UINT64_MAX;
    for (const auto& node : nodes_) {
        if (node->is_running())
            lowest = std::min(lowest, node->view()->latest_finalized.slot.value);
    }
    return lowest;
}

std::uint64_t SimNetworkOfNodes::highest_finalized_slot() const {
    std::uint64_t highest = 0;
    for (const auto& node : nodes_) {
        if (node->is_running())
            highest = std::max(highest, node->view()->latest_finalized.slot.value);
    }
    return highest;
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
