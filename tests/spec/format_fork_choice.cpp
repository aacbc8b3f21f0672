// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/fork_choice_checks.hpp"
#include "spec/formats.hpp"
#include "spec_driver/fork_choice_node.hpp"
#include "types/network_profile.hpp"

namespace lepton::spec {
namespace {

using spec_driver::ForkChoiceNode;

/// The participants of the known proofs by data root.
std::map<Root, ssz::Bits> known_proofs(const json::object& snapshot) {
    std::map<Root, ssz::Bits> known;
    for (const json::value& value : as_array(at(snapshot, "knownAggregatedPayloads"))) {
        const json::object& entry = as_object(value);
        for (const json::value& set : as_array(at(entry, "participantSets"))) {
            std::vector<ValidatorIndex> indices;
            for (const json::value& index : as_array(set)) indices.emplace_back(as_u64(index));
            known[read_as<Root>(at(entry, "dataRoot"))].merge(consensus::aggregation_bits(indices));
        }
    }
    return known;
}

/// Plays the steps of one vector.
class Play {
  public:
    Play(ForkChoiceNode node, std::uint64_t genesis_time, const Exemptions& exempt)
        : node_(std::move(node)),
          genesis_time_(genesis_time),
          exempt_(exempt),
          labels_{{"genesis", node_.store().head}} {}

    Verdict play(const json::object& step) {
        block_.reset();
        const Root old_head = node_.store().head;
        if (auto outcome = expect_outcome(act(step), find(step, "rejectionReason")); !outcome) {
            return outcome;
        }
        if (as_bool(at(step, "valid")) == (find(step, "rejectionReason") != nullptr)) {
            throw BadVector("'valid' contradicts 'rejectionReason'");
        }
        if (const json::value* checks = find(step, "checks")) {
            const StepView view{node_.store(), labels_, old_head, block_ ? &*block_ : nullptr};
            if (auto checked = check_step(as_object(*checks), view); !checked) return checked;
        }
        const json::value* snapshot = find(step, "storeSnapshot");
        if (snapshot == nullptr) return {};
        return check_snapshot(as_object(*snapshot), node_.store(), exempt_);
    }

  private:
    Result<void, Rejection> act(const json::object& step) {
        const std::string_view type = as_string(at(step, "stepType"));
        if (type == "tick") return tick(step);
        if (type == "block") return import_block(step);
        if (type == "attestation") {
            const json::value* is_aggregator = find(step, "isAggregator");
            return node_.on_attestation(read_as<SignedAttestation>(at(step, "attestation")),
                                        is_aggregator != nullptr && as_bool(*is_aggregator));
        }
        if (type == "gossipAggregatedAttestation") {
            return node_.on_aggregated_attestation(
                read_as<SignedAggregatedAttestation>(at(step, "attestation")));
        }
        throw BadVector(fmt::format("unknown step type '{}'", type));
    }

    Result<void, Rejection> tick(const json::object& step) {
        const json::value* interval = find(step, "interval");
        const Interval target =
            interval != nullptr ? read_as<Interval>(*interval)
                                : consensus::interval_at(as_u64(at(step, "time")) * 1000,
                                                         genesis_time_,
                                                         network_profile("leanspec-test").value());
        node_.tick(target, as_bool(at(step, "hasProposal")));
        return {};
    }

    Result<void, Rejection> import_block(const json::object& step) {
        const json::object& object = as_object(at(step, "block"));
        block_ = read_as<Block>(at(step, "block"));
        if (const json::value* label = find(object, "blockRootLabel")) {
            labels_[std::string(as_string(*label))] = hash_tree_root(*block_);
        }
        node_.take_over_block_proofs(*block_, known_proofs(as_object(at(step, "storeSnapshot"))));
        const json::value* tick_to_slot = find(step, "tickToSlot");
        if (tick_to_slot == nullptr || as_bool(*tick_to_slot)) {
            node_.tick(consensus::interval_from_slot(block_->slot), true);
        }
        return node_.on_block(*block_);
    }

    ForkChoiceNode node_;
    std::uint64_t genesis_time_;
    const Exemptions& exempt_;
    Labels labels_;
    std::optional<Block> block_;
};

}  // namespace

Verdict run_fork_choice(const Vector& vector) {
    if (as_u64(at(vector.body, "proofSetting")) != 0) {
        throw CannotJudge("its proofs are real, and steps are played with placeholders only");
    }
    const auto anchor_state = read_as<State>(at(vector.body, "anchorState"));
    const auto anchor_block = read_as<Block>(at(vector.body, "anchorBlock"));
    const auto* scheme = crypto::find_signature_scheme(
        fmt::format("leansig-{}", as_string(at(vector.body, "leanEnv"))));
    if (scheme == nullptr) throw BadVector("unknown signature scheme");

    auto node = ForkChoiceNode::create(anchor_state, anchor_block, *scheme);
    Result<void, Rejection> outcome;
    if (!node) outcome = std::unexpected(node.error());
    if (auto expected = expect_outcome(outcome, find(vector.body, "rejectionReason"));
        !expected || !node) {
        return expected;
    }
    Play play(std::move(*node), anchor_state.config.genesis_time, vector.exempt);
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
