// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle.hpp"

#include "aggregation/test_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lepton::aggregation::bundle {
namespace {

using enum AggregationError;

const Bundles& bundles() {
    static const Bundles made{test_scheme(), {.proof_size_max = 1 << 19, .components_max = 16}};
    return made;
}

SingleMessageAggregate aggregate_of(const std::vector<std::size_t>& validators,
                                    std::uint8_t number,
                                    std::uint64_t slot) {
    return aggregate(bundles(), job_of(validators, number, slot)).value();
}

AggregateJob::Child child_of(const std::vector<std::size_t>& validators,
                             std::uint8_t number,
                             std::uint64_t slot) {
    return {aggregate_of(validators, number, slot), claim_of(validators, number, slot).public_keys};
}

TEST(BundleAggregate, of_signatures_proves_its_claim) {
    const auto made = aggregate_of({1, 4, 6}, 7, 5);
    EXPECT_EQ(made.participants.ones(), (std::vector<std::size_t>{1, 4, 6}));
    EXPECT_EQ(made.participants.size(), 7u);
    EXPECT_TRUE(verify_single(bundles(), {claim_of({1, 4, 6}, 7, 5), made.proof}).has_value());
}

TEST(BundleAggregate, does_not_depend_on_the_order_of_the_signatures) {
    AggregateJob job = job_of({1, 4, 6}, 7, 5);
    std::ranges::reverse(job.raw_signatures);
    EXPECT_EQ(aggregate(bundles(), job), aggregate_of({1, 4, 6}, 7, 5));
}

TEST(BundleAggregate, joins_overlapping_children_and_signatures_exactly) {
    AggregateJob job = job_of({0, 3, 5}, 7, 5);
    job.children = {child_of({1, 3}, 7, 5), child_of({2, 3, 5}, 7, 5)};
    EXPECT_EQ(aggregate(bundles(), job), aggregate_of({0, 1, 2, 3, 5}, 7, 5));
}

TEST(BundleAggregate, the_first_of_two_signatures_of_a_validator_is_kept) {
    AggregateJob job = job_of({1}, 7, 5);
    job.raw_signatures.push_back(job.raw_signatures[0]);
    job.raw_signatures[1].signature.bytes.back() ^= 1;
    EXPECT_EQ(aggregate(bundles(), job), aggregate_of({1}, 7, 5));
    job.raw_signatures.erase(job.raw_signatures.begin());
    job.children = {child_of({1}, 7, 5)};
    EXPECT_EQ(aggregate(bundles(), job), aggregate_of({1}, 7, 5));
}

TEST(BundleAggregate, children_must_be_about_the_same_thing) {
    const auto error_with = [](AggregateJob::Child child) {
        AggregateJob job{message(7), Slot{5}, {std::move(child)}, {}};
        const auto made = aggregate(bundles(), job);
        return made ? unsupported : made.error();
    };
    EXPECT_EQ(error_with(child_of({1}, 8, 5)), message_mismatch);
    EXPECT_EQ(error_with(child_of({1}, 7, 6)), slot_mismatch);
    auto child = child_of({1, 2}, 7, 5);
    child.public_keys.pop_back();
    EXPECT_EQ(error_with(child), key_count_mismatch);
    child = child_of({1, 2}, 7, 5);
    child.aggregate.participants.set(0);
    EXPECT_EQ(error_with(child), key_count_mismatch);
    child = child_of({1, 2}, 7, 5);
    child.aggregate.proof.pop_back();
    EXPECT_EQ(error_with(child), malformed);
    child.aggregate.proof = ProofBytes(Bytes(100, 1));
    EXPECT_EQ(error_with(child), foreign_proof);
    EXPECT_EQ(error_with({}), nothing_to_prove);
}

TEST(BundleAggregate, refuses_what_it_cannot_prove) {
    EXPECT_EQ(aggregate(bundles(), {}), std::unexpected(nothing_to_prove));
    AggregateJob job = job_of({1}, 7, 5);
    job.raw_signatures[0].signature.bytes.pop_back();
    EXPECT_EQ(aggregate(bundles(), job), std::unexpected(invalid_signature));
    job = job_of({1}, 7, 5);
    job.raw_signatures[0].validator_index = ValidatorIndex{kValidatorRegistryLimit};
    EXPECT_EQ(aggregate(bundles(), job), std::unexpected(malformed));
    job.raw_signatures[0].validator_index = ValidatorIndex{kValidatorRegistryLimit - 1};
    EXPECT_TRUE(aggregate(bundles(), job).has_value());
    job.children.resize(kChildrenMax + 1);
    EXPECT_EQ(aggregate(bundles(), job), std::unexpected(too_large));
}

TEST(BundleAggregate, stops_at_the_size_limit) {
    Bundles narrow = bundles();
    narrow.limits.proof_size_max = 12 + 44 + 2 * 424;
    EXPECT_TRUE(aggregate(narrow, job_of({1, 2}, 7, 5)).has_value());
    EXPECT_EQ(aggregate(narrow, job_of({1, 2, 3}, 7, 5)), std::unexpected(too_large));
    narrow.limits.proof_size_max -= 1;
    EXPECT_EQ(aggregate(narrow, job_of({1, 2}, 7, 5)), std::unexpected(too_large));
}

TEST(BundleVerifySingle, each_difference_from_the_claim_is_told_apart) {
    const ProofBytes proof = aggregate_of({1, 2}, 7, 5).proof;
    const auto error_for = [&](Claim claim) {
        const auto verified = verify_single(bundles(), {std::move(claim), proof});
        return verified ? unsupported : verified.error();
    };
    EXPECT_EQ(error_for(claim_of({1, 2}, 8, 5)), message_mismatch);
    EXPECT_EQ(error_for(claim_of({1, 2}, 7, 6)), slot_mismatch);
    EXPECT_EQ(error_for(claim_of({1}, 7, 5)), key_count_mismatch);
    EXPECT_EQ(error_for(claim_of({1, 2, 3}, 7, 5)), key_count_mismatch);
    EXPECT_EQ(error_for(claim_of({1, 3}, 7, 5)), invalid_signature);
    EXPECT_EQ(error_for(claim_of({2, 1}, 7, 5)), invalid_signature);
    EXPECT_EQ(error_for(claim_of({}, 7, 5)), nothing_to_prove);
    Claim claim = claim_of({1, 2}, 7, 5);
    claim.public_keys[0] = PublicKey{};
    EXPECT_EQ(error_for(claim), invalid_signature);
}

TEST(BundleVerifySingle, looks_at_every_signature) {
    std::vector<std::size_t> all(40);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const Claim claim = claim_of(all, 7, 5);
    const ProofBytes good = aggregate_of(all, 7, 5).proof;
    EXPECT_TRUE(verify_single(bundles(), {claim, good}).has_value());
    for (const std::size_t i : all) {
        ProofBytes changed = good;
        changed[12 + 44 + i * 424 + 300] ^= 1;
        EXPECT_EQ(verify_single(bundles(), {claim, changed}), std::unexpected(invalid_signature))
            << i;
    }
}

TEST(BundleVerifySingle, a_claimed_message_needs_signatures_of_it) {
    // A header that says what is wanted over signatures of something else.
    ProofBytes forged = aggregate_of({1, 2}, 8, 5).proof;
    std::ranges::copy(message(7).bytes, forged.begin() + 12);
    EXPECT_EQ(verify_single(bundles(), {claim_of({1, 2}, 7, 5), forged}),
              std::unexpected(invalid_signature));
}

class BundleMulti : public testing::Test {
  protected:
    BundleMulti() {
        for (const auto& [validators, number, slot] : parts_) {
            const auto part = aggregate_of(validators, number, slot);
            job_.parts.push_back({claim_of(validators, number, slot), part.proof});
            claims_.push_back(job_.parts.back().claim);
        }
        merged_ = merge(bundles(), job_).value();
    }
    AggregationError error_for(const std::vector<Claim>& claims) const {
        const auto verified = verify_multi(bundles(), {claims, merged_});
        return verified ? unsupported : verified.error();
    }

    struct Part {
        std::vector<std::size_t> validators;
        std::uint8_t number;
        std::uint64_t slot;
    };
    const std::vector<Part> parts_{{{0, 1, 2}, 1, 3}, {{1, 3}, 2, 4}, {{5}, 3, 4}};
    MergeJob job_;
    std::vector<Claim> claims_;
    MultiMessageAggregate merged_;
};

TEST_F(BundleMulti, proves_all_its_claims) {
    EXPECT_TRUE(verify_multi(bundles(), {claims_, merged_}).has_value());
}

TEST_F(BundleMulti, split_gives_back_what_was_merged_byte_for_byte) {
    for (std::size_t i = 0; i < claims_.size(); ++i) {
        EXPECT_EQ(split(bundles(), {merged_, claims_, i}), job_.parts[i].proof) << i;
    }
    EXPECT_EQ(split(bundles(), {merged_, claims_, 3}), std::unexpected(unknown_component));
}

TEST_F(BundleMulti, one_part_is_enough) {
    MergeJob job{{job_.parts[1]}};
    const auto merged = merge(bundles(), job);
    ASSERT_TRUE(merged.has_value());
    EXPECT_TRUE(verify_multi(bundles(), {{claims_[1]}, *merged}).has_value());
    EXPECT_NE(Bytes(merged->proof), Bytes(job_.parts[1].proof));
}

TEST_F(BundleMulti, each_difference_from_the_claims_is_told_apart) {
    auto claims = claims_;
    std::swap(claims[0], claims[1]);
    EXPECT_EQ(error_for(claims), message_mismatch);
    claims = claims_;
    claims[2].slot = Slot{5};
    EXPECT_EQ(error_for(claims), slot_mismatch);
    claims = claims_;
    claims[1].public_keys.push_back(key_of(6));
    EXPECT_EQ(error_for(claims), key_count_mismatch);
    claims = claims_;
    claims[2].public_keys[0] = key_of(6);
    EXPECT_EQ(error_for(claims), invalid_signature);
    claims = claims_;
    claims.pop_back();
    EXPECT_EQ(error_for(claims), component_count_mismatch);
    claims = claims_;
    claims.push_back(claims_[0]);
    EXPECT_EQ(error_for(claims), component_count_mismatch);
    claims = claims_;
    claims[1].public_keys.clear();
    EXPECT_EQ(error_for(claims), nothing_to_prove);
    EXPECT_EQ(error_for({}), nothing_to_prove);
}

TEST_F(BundleMulti, looks_at_every_component) {
    for (const std::size_t from_end : {1u, 424u + 44u + 1u, 3u * 424u + 2u * 44u + 1u}) {
        auto changed = merged_;
        changed.proof[changed.proof.size() - from_end - 3] ^= 1;
        EXPECT_EQ(verify_multi(bundles(), {claims_, changed}), std::unexpected(invalid_signature))
            << from_end;
    }
}

TEST_F(BundleMulti, merging_checks_the_parts) {
    EXPECT_EQ(merge(bundles(), {}), std::unexpected(nothing_to_prove));
    MergeJob job = job_;
    job.parts[1].claim.slot = Slot{9};
    EXPECT_EQ(merge(bundles(), job), std::unexpected(slot_mismatch));
    job = job_;
    job.parts[1].proof = merged_.proof;
    EXPECT_EQ(merge(bundles(), job), std::unexpected(wrong_kind));
    Bundles narrow = bundles();
    narrow.limits.components_max = 2;
    EXPECT_EQ(merge(narrow, job_), std::unexpected(too_large));
    narrow.limits = {merged_.proof.size() - 1, 16};
    EXPECT_EQ(merge(narrow, job_), std::unexpected(too_large));
    narrow.limits = {merged_.proof.size(), 3};
    EXPECT_EQ(merge(narrow, job_), merged_);
}

TEST_F(BundleMulti, verification_ends_when_interrupted) {
    int asked = 0;
    const Interrupt interrupt = [&]() -> std::optional<AggregationError> {
        return ++asked == 2 ? std::optional{deadline} : std::nullopt;
    };
    std::vector<std::size_t> all(40);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const ProofBytes proof = aggregate_of(all, 7, 5).proof;
    EXPECT_EQ(verify_single(bundles(), {claim_of(all, 7, 5), proof}, interrupt),
              std::unexpected(deadline));
    EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace lepton::aggregation::bundle
