// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/verifier_metrics.hpp"

#include "base/assert.hpp"

#include <string>
#include <vector>

namespace lepton::verifier {
namespace {

const std::vector<double> kVerificationSeconds{.005, .01, .025, .05, .1, 1};
const std::vector<double> kBatchSizes{1, 2, 4, 8, 16, 32, 48, 64};
const std::vector<double> kProofSeconds{.1, .25, .5, .75, 1, 1.25, 1.5, 2, 4};

}  // namespace

std::string_view to_string(Ignored ignored) {
    switch (ignored) {
        case Ignored::over_budget:
            return "over_budget";
        case Ignored::queue_full:
            return "queue_full";
        case Ignored::duplicate:
            return "duplicate";
        case Ignored::foreign_proof:
            return "foreign_proof";
        case Ignored::not_checked:
            return "not_checked";
        case Ignored::blockchain_full:
            return "blockchain_full";
    }
    LEPTON_ASSERT(false);
}

VerifierMetrics::VerifierMetrics(Metrics& metrics)
    : votes_valid(metrics.counter("lean_pq_sig_attestation_signatures_valid_total",
                                  "Signatures of single votes found valid")),
      votes_invalid(metrics.counter("lean_pq_sig_attestation_signatures_invalid_total",
                                    "Signatures of single votes found invalid")),
      vote_seconds(metrics.histogram("lean_pq_sig_attestation_verification_time_seconds",
                                     "Time to verify a batch of signatures of single votes",
                                     kVerificationSeconds)),
      vote_batch_size(metrics.histogram("lepton_verifier_vote_batch_size",
                                        "Single votes verified in one piece of work",
                                        kBatchSizes)),
      aggregates_valid(metrics.counter("lean_pq_sig_aggregated_signatures_valid_total",
                                       "Aggregate proofs found valid")),
      aggregates_invalid(metrics.counter("lean_pq_sig_aggregated_signatures_invalid_total",
                                         "Aggregate proofs found invalid")),
      aggregate_seconds(
          metrics.histogram("lean_pq_sig_aggregated_signatures_verification_time_seconds",
                            "Time to verify an aggregate proof",
                            kProofSeconds)),
      blocks_valid(
          metrics.counter("lepton_verifier_block_proofs_valid_total", "Block proofs found valid")),
      blocks_invalid(metrics.counter("lepton_verifier_block_proofs_invalid_total",
                                     "Block proofs found invalid")),
      block_seconds(metrics.histogram(
          "lepton_verifier_block_proof_seconds", "Time to verify a block proof", kProofSeconds)),
      known_invalid(metrics.counter("lepton_verifier_known_invalid_total",
                                    "Messages refused unread: the same bytes were invalid before")),
      own_refused(metrics.counter("lepton_verifier_own_refused_total",
                                  "Messages of this node itself found invalid")),
      waiting(metrics.gauge("lepton_verifier_waiting", "Messages waiting to be verified")) {
    for (std::size_t kind = 0; kind < kKindCount; ++kind) {
        for (std::size_t why = 0; why < kIgnoredCount; ++why) {
            ignored_.at(kind).at(why) =
                &metrics.counter("lepton_verifier_ignored_total",
                                 "Messages that ended without a verdict on their truth",
                                 {{"kind", std::string{to_string(static_cast<Kind>(kind))}},
                                  {"reason", std::string{to_string(static_cast<Ignored>(why))}}});
        }
    }
}

}  // namespace lepton::verifier
