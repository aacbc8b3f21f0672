// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/fork_choice_step.hpp"

#include "base/log.hpp"
#include "types/network_profile.hpp"

#include <fmt/format.h>

#include <limits>

namespace lepton::spec_driver {
namespace {

constexpr std::uint64_t kMillisecondsPerSecond = 1000;

bool flag(const json::object& step, std::string_view key, bool otherwise) {
    const json::value* value = find(step, key);
    return value == nullptr ? otherwise : as_bool(*value);
}

Interval target_of(const json::object& tick, std::uint64_t genesis_time) {
    if (const json::value* interval = find(tick, "interval")) return read_as<Interval>(*interval);
    const std::uint64_t seconds = as_u64(at(tick, "time"));
    if (seconds > std::numeric_limits<std::uint64_t>::max() / kMillisecondsPerSecond) {
        throw BadVector("time: beyond the range of milliseconds");
    }
    return consensus::interval_at(
        seconds * kMillisecondsPerSecond, genesis_time, network_profile("leanspec-test").value());
}

Result<void, Rejection> import_block(ForkChoiceNode& node, const json::object& step) {
    const auto block = read_as<Block>(at(step, "block"));
    const bool is_ticked = flag(step, "tickToSlot", true);
    if (is_ticked) node.tick(consensus::interval_from_slot(block.slot), true);
    return node.on_block(block);
}

}  // namespace

Result<void, Rejection> play_step(ForkChoiceNode& node, const json::object& step) {
    const std::string_view type = as_string(at(step, "stepType"));
    if (type == "tick") {
        const bool has_proposal = flag(step, "hasProposal", false);
        node.tick(target_of(step, node.store().config.genesis_time), has_proposal);
        return {};
    }
    if (type == "block") return import_block(node, step);
    if (type == "attestation") {
        const bool is_aggregator = flag(step, "isAggregator", false);
        return node.on_attestation(read_as<SignedAttestation>(at(step, "attestation")),
                                   is_aggregator);
    }
    if (type == "gossipAggregatedAttestation") {
        return node.on_aggregated_attestation(
            read_as<SignedAggregatedAttestation>(at(step, "attestation")));
    }
    if (type == "checks") return {};
    throw BadVector(fmt::format("unknown stepType {}", log::quoted(type)));
}

}  // namespace lepton::spec_driver
