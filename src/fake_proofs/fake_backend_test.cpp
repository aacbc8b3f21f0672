// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fake_proofs/fake_backend.hpp"

#include "aggregation/bundle/bundle_backend.hpp"
#include "aggregation/test_keys.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace lepton::fake_proofs {
namespace {

using namespace aggregation;
using enum AggregationError;
using Task = std::move_only_function<void()>;

constexpr Limits kLimits{.proof_size_max = 1 << 19, .components_max = 16};

/// A signature that was never made: fake proofs do not look at it.
AggregateJob::RawSignature raw(std::uint64_t index) {
    return {ValidatorIndex{index}, PublicKey{}, Signature{}};
}

AggregateJob job_of(std::vector<std::uint64_t> validators) {
    AggregateJob job{message(7), Slot{5}, {}, {}};
    for (const std::uint64_t index : validators) job.raw_signatures.push_back(raw(index));
    return job;
}

Claim claim_of(std::size_t keys) {
    return {std::vector<PublicKey>(keys), message(7), Slot{5}};
}

class FakeBackendTest : public testing::Test {
  protected:
    FakeBackend backend(const FakeOptions& options) {
        return FakeBackend{options,
                           crypto::SchemeId::leansig_prod,
                           kLimits,
                           [](Task task) { task(); },
                           clock_,
                           [this](Duration by) { clock_.advance(by); }};
    }

    template <class Job>
    Result<typename Job::Output, AggregationError> result_of(Job job,
                                                             JobControl control = {},
                                                             const FakeOptions& options = {}) {
        std::optional<Result<typename Job::Output, AggregationError>> result;
        backend(options).submit(std::move(job), std::move(control), [&](auto outcome) {
            EXPECT_FALSE(result.has_value());
            result = std::move(outcome);
        });
        return std::move(result).value();
    }

    Duration time_of(auto job, const Rates& rates) {
        const Time begun = clock_.now();
        EXPECT_TRUE(result_of(std::move(job), {}, {.proof_size = 32, .rates = rates}));
        return clock_.now() - begun;
    }

    ManualClock clock_;
};

TEST_F(FakeBackendTest, says_what_it_can_do) {
    const FakeBackend fake = backend({});
    EXPECT_EQ(fake.proof_format(), "fake");
    EXPECT_EQ(fake.scheme_id(), crypto::SchemeId::leansig_prod);
    EXPECT_EQ(fake.capabilities(),
              (Capabilities{.can_split = true,
                            .children_max = 16,
                            .components_max = 16,
                            .participants_max = 4096,
                            .proof_size_max = 524288}));
    EXPECT_EQ(fake.proof_size(4096), 32768u);
    EXPECT_EQ(fake.merged_share(4096), 0u);
}

TEST_F(FakeBackendTest, a_proof_has_its_size_and_follows_from_what_it_is_about) {
    const auto proof = result_of(job_of({4, 1}))->proof;
    EXPECT_EQ(proof.size(), 32768u);
    EXPECT_EQ(result_of(job_of({1, 4}))->proof, proof);
    EXPECT_NE(result_of(job_of({1, 5}))->proof, proof);
    auto other = job_of({1, 4});
    other.slot = Slot{6};
    EXPECT_NE(result_of(other)->proof, proof);
    EXPECT_EQ(result_of(job_of({1}), {}, {.proof_size = 1, .rates = {}})->proof.size(), 1u);
    EXPECT_EQ(result_of(job_of({1}), {}, {.proof_size = 524288, .rates = {}})->proof.size(),
              524288u);
}

TEST_F(FakeBackendTest, participants_are_the_union) {
    auto job = job_of({9, 2});
    job.children.push_back({*result_of(job_of({0, 2})), {PublicKey{}, PublicKey{}}});
    const auto aggregate = result_of(job).value();
    EXPECT_EQ(aggregate.participants.ones(), (std::vector<std::size_t>{0, 2, 9}));
    EXPECT_EQ(aggregate.participants.size(), 10u);
    EXPECT_EQ(result_of(job_of({})), std::unexpected(nothing_to_prove));
    EXPECT_EQ(result_of(job_of({4096})), std::unexpected(malformed));
    job.children.resize(17, job.children.front());
    EXPECT_EQ(result_of(job), std::unexpected(too_large));
}

TEST_F(FakeBackendTest, merged_and_split_proofs_are_fixed_bytes_too) {
    MergeJob job{{{claim_of(1), ProofBytes{}}, {claim_of(2), result_of(job_of({1, 2}))->proof}}};
    const auto merged = result_of(job).value();
    EXPECT_EQ(merged.proof.size(), 32768u);
    EXPECT_EQ(result_of(job), merged);
    std::swap(job.parts[0], job.parts[1]);
    EXPECT_NE(result_of(job), merged);
    const std::vector<Claim> claims{claim_of(1), claim_of(2)};
    const auto first = result_of(SplitJob{merged, claims, 0}).value();
    EXPECT_EQ(first.size(), 32768u);
    EXPECT_NE(result_of(SplitJob{merged, claims, 1}), first);
    EXPECT_EQ(result_of(SplitJob{merged, claims, 2}), std::unexpected(unknown_component));
    EXPECT_EQ(result_of(MergeJob{}), std::unexpected(nothing_to_prove));
    job.parts.resize(17, job.parts.front());
    EXPECT_EQ(result_of(job), std::unexpected(too_large));
}

TEST_F(FakeBackendTest, any_proof_passes_that_is_not_too_large) {
    for (const std::size_t size : {0u, 1u, 58u, 524288u}) {
        const ProofBytes proof{Bytes(size, 0x5a)};
        EXPECT_TRUE(result_of(VerifySingleJob{claim_of(3), proof})) << size;
        EXPECT_TRUE(result_of(VerifyMultiJob{{claim_of(3), claim_of(1)}, {proof}})) << size;
    }
    EXPECT_EQ(result_of(VerifySingleJob{claim_of(0), {}}), std::unexpected(nothing_to_prove));
    EXPECT_EQ(result_of(VerifyMultiJob{}), std::unexpected(nothing_to_prove));
    FakeBackend small{{.proof_size = 1, .rates = {}},
                      crypto::SchemeId::leansig_prod,
                      {.proof_size_max = 10, .components_max = 16},
                      [](Task task) { task(); },
                      clock_,
                      [](Duration) {}};
    std::optional<Result<void, AggregationError>> verdict;
    small.submit(VerifySingleJob{claim_of(1), ProofBytes{Bytes(11)}}, {}, [&](auto outcome) {
        verdict = outcome;
    });
    EXPECT_EQ(verdict, std::unexpected(too_large));
}

TEST_F(FakeBackendTest, a_release_refuses_such_a_proof_as_foreign) {
    const auto proof = result_of(job_of({1}))->proof;
    std::optional<Result<void, AggregationError>> verdict;
    bundle::BundleBackend{test_scheme(), kLimits, [](Task task) { task(); }, clock_}.submit(
        VerifySingleJob{aggregation::claim_of({1}, 7, 5), proof}, {}, [&](auto outcome) {
            verdict = outcome;
        });
    EXPECT_EQ(verdict, std::unexpected(foreign_proof));
}

TEST_F(FakeBackendTest, rates_let_the_time_of_a_prover_pass) {
    using std::chrono::milliseconds;
    const Rates rates{
        .aggregated_signatures = 10, .verified_signatures = 20, .merged_components = 4};
    EXPECT_EQ(time_of(job_of({1, 2, 3}), rates), milliseconds(300));
    auto mixed = job_of({1});
    mixed.children.resize(2, {*result_of(job_of({5})), {PublicKey{}}});
    EXPECT_EQ(time_of(mixed, rates), milliseconds(100));
    mixed.raw_signatures.clear();
    EXPECT_EQ(time_of(mixed, rates), milliseconds(200));
    EXPECT_EQ(time_of(VerifySingleJob{claim_of(3), {}}, rates), milliseconds(150));
    EXPECT_EQ(time_of(VerifyMultiJob{{claim_of(3)}, {}}, rates), milliseconds(0));
    EXPECT_EQ(time_of(MergeJob{{{claim_of(1), {}}}}, rates), milliseconds(250));
    EXPECT_EQ(time_of(job_of({1, 2, 3}), {.aggregated_signatures = -1}), milliseconds(0));
}

TEST_F(FakeBackendTest, a_slow_job_ends_at_its_deadline) {
    const FakeOptions slow{.proof_size = 32, .rates = {.aggregated_signatures = 1e-12}};
    const Time begun = clock_.now();
    EXPECT_EQ(result_of(job_of({1}), {.deadline = begun + std::chrono::seconds(1)}, slow),
              std::unexpected(deadline));
    EXPECT_LE(clock_.now() - begun, std::chrono::milliseconds(1020));
}

TEST_F(FakeBackendTest, a_cancelled_job_is_not_done) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(result_of(job_of({1}), {.stop = stop.get_token()}), std::unexpected(cancelled));
}

}  // namespace
}  // namespace lepton::fake_proofs
