// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"

#include "aggregation/test_keys.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

namespace lepton::aggregation::bundle {
namespace {

using enum AggregationError;
using Task = std::move_only_function<void()>;

constexpr Limits kLimits{.proof_size_max = 1 << 19, .components_max = 16};

class BundleBackendTest : public testing::Test {
  protected:
    // Submits the job and returns its result, empty when there is none yet.
    template <class Job>
    std::optional<Result<typename Job::Output, AggregationError>> result_of(
        Job job, JobControl control = {}) {
        std::optional<Result<typename Job::Output, AggregationError>> result;
        backend_.submit(std::move(job), std::move(control), [&](auto outcome) {
            EXPECT_FALSE(result.has_value());
            result = std::move(outcome);
        });
        return result;
    }

    ManualClock clock_;
    BundleBackend backend_{test_scheme(), kLimits, [](Task task) { task(); }, clock_};
};

TEST_F(BundleBackendTest, says_what_it_can_do) {
    EXPECT_EQ(backend_.proof_format(), "bundle");
    EXPECT_EQ(backend_.scheme_id(), crypto::SchemeId::leansig_test);
    EXPECT_EQ(backend_.capabilities(),
              (Capabilities{.can_split = true,
                            .children_max = 16,
                            .components_max = 16,
                            .participants_max = 1236,
                            .proof_size_max = 524288}));
    const BundleBackend prod{
        crypto::signature_scheme(crypto::SchemeId::leansig_prod), kLimits, {}, clock_};
    EXPECT_EQ(prod.capabilities().participants_max, 206u);
}

TEST_F(BundleBackendTest, predicted_sizes_are_those_of_real_proofs) {
    const auto two = result_of(job_of({1, 2}, 7, 5))->value();
    const auto one = result_of(job_of({3}, 8, 5))->value();
    EXPECT_EQ(backend_.proof_size(2), two.proof.size());
    EXPECT_EQ(backend_.proof_size(1), one.proof.size());
    const auto merged = result_of(
        MergeJob{{{claim_of({1, 2}, 7, 5), two.proof}, {claim_of({3}, 8, 5), one.proof}}});
    EXPECT_LE(merged->value().proof.size(), backend_.proof_size(2) + backend_.proof_size(1));
}

TEST_F(BundleBackendTest, every_kind_of_job_reaches_its_completion) {
    const auto aggregate = result_of(job_of({1, 2}, 7, 5))->value();
    const Claim claim = claim_of({1, 2}, 7, 5);
    EXPECT_TRUE(result_of(VerifySingleJob{claim, aggregate.proof})->has_value());
    const auto merged = result_of(MergeJob{{{claim, aggregate.proof}}})->value();
    EXPECT_TRUE(result_of(VerifyMultiJob{{claim}, merged})->has_value());
    EXPECT_EQ(result_of(SplitJob{merged, {claim}, 0}), aggregate.proof);
    EXPECT_EQ(result_of(VerifySingleJob{claim_of({1, 3}, 7, 5), aggregate.proof}),
              std::unexpected(invalid_signature));
}

TEST_F(BundleBackendTest, a_cancelled_job_is_not_done) {
    std::stop_source stop;
    EXPECT_TRUE(result_of(job_of({1}, 7, 5), {.stop = stop.get_token()})->has_value());
    stop.request_stop();
    EXPECT_EQ(result_of(job_of({1}, 7, 5), {.stop = stop.get_token()}), std::unexpected(cancelled));
}

TEST_F(BundleBackendTest, a_job_past_its_deadline_is_not_done) {
    const Time now = clock_.now();
    EXPECT_TRUE(result_of(job_of({1}, 7, 5), {.deadline = now})->has_value());
    clock_.advance(std::chrono::milliseconds{1});
    EXPECT_EQ(result_of(job_of({1}, 7, 5), {.deadline = now}), std::unexpected(deadline));
}

TEST(BundleBackendExecutor, jobs_run_when_the_executor_runs_them) {
    ManualClock clock;
    std::deque<Task> queue;
    BundleBackend backend{
        test_scheme(), kLimits, [&](Task task) { queue.push_back(std::move(task)); }, clock};
    int completions = 0;
    backend.submit(job_of({1}, 7, 5), {}, [&](auto result) {
        EXPECT_TRUE(result.has_value());
        ++completions;
    });
    EXPECT_EQ(completions, 0);
    queue.front()();
    EXPECT_EQ(completions, 1);
    queue.clear();
    EXPECT_EQ(completions, 1);
}

TEST(BundleBackendExecutor, a_job_that_the_executor_gives_up_ends_as_dropped) {
    ManualClock clock;
    BundleBackend backend{test_scheme(), kLimits, [](Task) {}, clock};
    std::vector<AggregationError> errors;
    backend.submit(job_of({1}, 7, 5), {}, [&](auto result) { errors.push_back(result.error()); });
    EXPECT_EQ(errors, std::vector{dropped});
}

}  // namespace
}  // namespace lepton::aggregation::bundle
