// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/formats.hpp"
#include "spec_driver/transition_run.hpp"

#include <set>

namespace lepton::spec {
namespace {

/// Compares the post-state with the members of "post" that the vector gives.
class PostChecks {
  public:
    PostChecks(const json::object& post, const State& state, std::vector<Block> blocks)
        : post_(post), state_(state), blocks_(std::move(blocks)) {}

    Verdict run() {
        const BlockHeader& header = state_.latest_block_header;
        check("slot", state_.slot);
        check("latestJustifiedSlot", state_.latest_justified.slot);
        check("latestJustifiedRoot", state_.latest_justified.root);
        check_label("latestJustifiedRootLabel", state_.latest_justified.root);
        check("latestFinalizedSlot", state_.latest_finalized.slot);
        check("latestFinalizedRoot", state_.latest_finalized.root);
        check_label("latestFinalizedRootLabel", state_.latest_finalized.root);
        check("validatorCount", std::uint64_t{state_.validators->size()});
        check("configGenesisTime", state_.config.genesis_time);
        check("latestBlockHeaderSlot", header.slot);
        check("latestBlockHeaderProposerIndex", header.proposer_index);
        check("latestBlockHeaderParentRoot", header.parent_root);
        check("latestBlockHeaderStateRoot", header.state_root);
        check("latestBlockHeaderBodyRoot", header.body_root);
        check_list("historicalBlockHashes", state_.historical_block_hashes);
        check("historicalBlockHashesCount", std::uint64_t{state_.historical_block_hashes.size()});
        check_list("justifiedSlots", state_.justified_slots);
        check_list("justificationsRoots", state_.justifications_roots);
        check("justificationsRootsCount", std::uint64_t{state_.justifications_roots.size()});
        check_list("justificationsValidators", state_.justifications_validators);
        check_list("validators", *state_.validators);
        check_justifications_labels();
        for (const auto& member : post_) {
            if (!member.value().is_null() && !known_.contains(member.key())) {
                throw BadVector(
                    fmt::format("unknown member post.{}", std::string_view(member.key())));
            }
        }
        return verdict_;
    }

  private:
    const json::value* member(std::string_view key) {
        known_.insert(key);
        return find(post_, key);
    }

    void note(Verdict verdict) {
        if (verdict_) verdict_ = std::move(verdict);
    }

    template <class T>
    void check(std::string_view key, const T& actual) {
        if (const json::value* expected = member(key)) {
            note(expect_equal(key, actual, read_as<T>(*expected)));
        }
    }

    template <class T>
    void check_list(std::string_view key, const T& actual) {
        const json::value* expected = member(key);
        if (expected != nullptr && read_as<T>(*expected) != actual) {
            note(std::unexpected(fmt::format("{} differs", key)));
        }
    }

    void check_label(std::string_view key, const Root& actual) {
        if (const json::value* label = member(key)) {
            note(expect_equal(key, actual, root_of(as_string(*label))));
        }
    }

    void check_justifications_labels() {
        const json::value* labels = member("justificationsRootsLabels");
        if (labels == nullptr) return;
        std::set<Root> expected;
        for (const json::value& label : as_array(*labels))
            expected.insert(root_of(as_string(label)));
        const std::set<Root> actual(state_.justifications_roots.begin(),
                                    state_.justifications_roots.end());
        if (actual != expected) note(std::unexpected("justificationsRootsLabels differs"));
    }

    /// Blocks carry no labels in this format; by convention block_N is the block of slot N.
    Root root_of(std::string_view label) const {
        for (const Block& block : blocks_) {
            if (label == fmt::format("block_{}", block.slot)) return hash_tree_root(block);
        }
        throw BadVector(fmt::format("no block for the label '{}'", label));
    }

    const json::object& post_;
    const State& state_;
    std::vector<Block> blocks_;
    std::set<std::string_view> known_;
    Verdict verdict_;
};

}  // namespace

Verdict run_state_transition(const Vector& vector) {
    vector_members(vector, {"rejectionReason", "pre", "blocks", "post", "postStateRoot"});
    const auto state = spec_driver::run_state_transition(vector.body);
    Result<void, Rejection> outcome;
    if (!state) outcome = std::unexpected(state.error());
    const json::value* expected_reason = find(vector.body, "rejectionReason");
    if (auto expected = expect_outcome(outcome, expected_reason); !expected) return expected;
    if (!state) return {};

    if (const json::value* post = find(vector.body, "post")) {
        std::vector<Block> blocks;
        for (const json::value& value : as_array(at(vector.body, "blocks"))) {
            blocks.push_back(read_as<Block>(value));
        }
        if (auto checked = PostChecks(as_object(*post), *state, blocks).run(); !checked)
            return checked;
    }
    return expect_equal(
        "postStateRoot", hash_tree_root(*state), read_as<Root>(at(vector.body, "postStateRoot")));
}

}  // namespace lepton::spec
