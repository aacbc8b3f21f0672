// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"
#include "spec/block_proofs.hpp"
#include "spec/fork_choice_checks.hpp"
#include "spec/formats.hpp"
#include "spec_driver/fork_choice_step.hpp"

namespace lepton::spec {
namespace {

using spec_driver::ForkChoiceNode;

/// Plays the steps of one vector.
class Play {
  public:
    Play(ForkChoiceNode node, const Exemptions& exempt)
        : node_(std::move(node)), exempt_(exempt), labels_{{"genesis", node_.store().head}} {}

    Verdict play(const json::object& step) {
        note_block(step);
        const json::value* snapshot = find(step, "storeSnapshot");
        if (block_ && snapshot != nullptr) {
            take_over_block_proofs(node_, *block_, as_object(*snapshot));
        }
        const Root old_head = node_.store().head;
        if (auto outcome =
                expect_outcome(spec_driver::play_step(node_, step), find(step, "rejectionReason"));
            !outcome) {
            return outcome;
        }
        if (as_bool(at(step, "valid")) == (find(step, "rejectionReason") != nullptr)) {
            throw BadVector("'valid' contradicts 'rejectionReason'");
        }
        if (const json::value* checks = find(step, "checks")) {
            const StepView view{node_.store(), labels_, old_head, block_ ? &*block_ : nullptr};
            if (auto checked = check_step(as_object(*checks), view); !checked) return checked;
        }
        if (snapshot == nullptr) return {};
        return check_snapshot(as_object(*snapshot), node_.store(), exempt_);
    }

  private:
    void note_block(const json::object& step) {
        block_.reset();
        const json::value* value = find(step, "block");
        if (value == nullptr) return;
        block_ = read_as<Block>(*value);
        if (const json::value* label = find(as_object(*value), "blockRootLabel")) {
            labels_[std::string(as_string(*label))] = hash_tree_root(*block_);
        }
    }

    ForkChoiceNode node_;
    const Exemptions& exempt_;
    Labels labels_;
    std::optional<Block> block_;
};

}  // namespace

Verdict run_fork_choice(const Vector& vector) {
    vector_members(vector, {"rejectionReason", "anchorState", "anchorBlock", "steps", "maxSlot"});
    if (as_u64(at(vector.body, "proofSetting")) != 0) {
        throw CannotJudge("its proofs are real, and steps are played with placeholders only");
    }
    const auto anchor_state = read_as<State>(at(vector.body, "anchorState"));
    const auto anchor_block = read_as<Block>(at(vector.body, "anchorBlock"));
    const SystemClock clock;
    const spec_driver::Proofs proofs(aggregation::bundle::make_backend, clock);
    auto node = ForkChoiceNode::create(anchor_state, anchor_block, proofs);
    Result<void, Rejection> outcome;
    if (!node) outcome = std::unexpected(node.error());
    if (auto expected = expect_outcome(outcome, find(vector.body, "rejectionReason"));
        !expected || !node) {
        return expected;
    }
    Play play(std::move(*node), vector.exempt);
    std::size_t index = 0;
    for (const json::value& step : as_array(at(vector.body, "steps"))) {
        if (auto played = play.play(as_object(step)); !played) {
            return std::unexpected(fmt::format("step {}: {}", index, played.error()));
        }
        ++index;
    }
    return {};
}

}  // namespace lepton::spec
