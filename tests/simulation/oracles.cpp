// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "oracles.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::simulation {

void FinalityOracle::check(const SimNode& node, Violations& violations) {
    judge(node.number(), node.name(), node.view()->latest_finalized, violations);
}

void FinalityOracle::judge(std::size_t number,
                           const std::string& name,
                           const Checkpoint& finalized,
                           Violations& violations) {
    if (finalized.root.is_zero()) return;  // it has not published anything yet
    const auto [known, is_new] = finalized_.try_emplace(finalized.slot, finalized.root);
    if (!is_new && known->second != finalized.root) {
        violations.add(fmt::format("conflicting finality at slot {}: {} has {}, another {}",
                                   finalized.slot,
                                   name,
                                   finalized.root,
                                   known->second));
    }
    Slot& highest = highest_[number];
    if (finalized.slot < highest) {
        violations.add(fmt::format(
            "{}: finalized slot went back from {} to {}", name, highest, finalized.slot));
    }
    highest = std::max(highest, finalized.slot);
}

void DurabilityOracle::check(const SimNode& node, Violations& /*violations*/) {
    auto view = node.view();
    if (!view->head.root.is_zero()) published_[node.number()] = std::move(view);
}

void DurabilityOracle::started(const SimNode& node, Violations& violations) {
    const auto found = published_.find(node.number());
    if (found == published_.end()) return;
    const network_api::ChainView& before = *found->second;
    for (const auto& [what, block] : {std::pair{"head", before.head},
                                      std::pair{"justified", before.latest_justified},
                                      std::pair{"finalized", before.latest_finalized}}) {
        const auto bytes = node.blocks().signed_block_bytes(block.root);
        if (!bytes || !*bytes) {
            violations.add(fmt::format("{}: lost the {} block {} of slot {} in a restart",
                                       node.name(),
                                       what,
                                       block.root,
                                       block.slot));
        }
    }
    const auto stored = node.blocks().checkpoints();
    if (!stored || !*stored || (*stored)->latest_finalized.slot < before.latest_finalized.slot) {
        violations.add(fmt::format("{}: lost that slot {} is finalized in a restart",
                                   node.name(),
                                   before.latest_finalized.slot));
    }
}

void check_actor(const std::string& node,
                 const actor::CellSnapshot& actor,
                 Time now,
                 Violations& violations) {
    for (const actor::ClassSnapshot& queue : actor.classes) {
        const std::uint64_t gone = queue.handled + queue.dropped + queue.undelivered;
        if (queue.enqueued != gone + queue.depth) {
            violations.add(fmt::format(
                "{}: {} lost count of {}: {} in, {} handled, {} dropped, {} undelivered, {} wait",
                node,
                actor.name,
                queue.spec.message,
                queue.enqueued,
                queue.handled,
                queue.dropped,
                queue.undelivered,
                queue.depth));
        }
        // Every message type that an actor is sent has a capacity; sources and timers have none.
        if (queue.high_water > queue.spec.capacity) {
            violations.add(fmt::format("{}: {} had {} of {} waiting, room is for {}",
                                       node,
                                       actor.name,
                                       queue.high_water,
                                       queue.spec.message,
                                       queue.spec.capacity));
        }
    }
    if (actor.asks_opened != actor.asks_completed + actor.asks_forgotten + actor.asks_pending) {
        violations.add(
            fmt::format("{}: {} lost count of its asks: {} opened, {} completed, {} forgotten, {} "
                        "pending",
                        node,
                        actor.name,
                        actor.asks_opened,
                        actor.asks_completed,
                        actor.asks_forgotten,
                        actor.asks_pending));
    }
    if (actor.asks_pending > 0 && actor.oldest_ask_due < now) {
        violations.add(
            fmt::format("{}: {} has an ask that is beyond its time limit", node, actor.name));
    }
}

void ActorOracle::check(const SimNode& node, Violations& violations) {
    for (const actor::CellSnapshot& actor : node.actors()) {
        // Timers of an actor that is given no turn cannot have run: no time has passed for it.
        const Time now = node.machine().has_turns(actor.name) ? node.machine().now() : Time{};
        check_actor(node.name(), actor, now, violations);
    }
}

std::vector<std::unique_ptr<Oracle>> all_oracles() {
    std::vector<std::unique_ptr<Oracle>> all;
    all.push_back(std::make_unique<FinalityOracle>());
    all.push_back(std::make_unique<DurabilityOracle>());
    all.push_back(std::make_unique<ActorOracle>());
    return all;
}

}  // namespace lepton::simulation
