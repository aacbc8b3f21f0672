// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the blockchain wants done by others, as values: messages, asks and jobs. The actor carries
// them out; tests look at them. Each job and each ask comes back to Blockchain exactly once.
#pragma once

#include "aggregation/backend.hpp"
#include "base/clock.hpp"
#include "network_api/messages.hpp"
#include "validator/signer.hpp"

#include <cstdint>
#include <variant>
#include <vector>

namespace lepton::blockchain {

/// Names a job while it is under way; never used twice.
using JobId = std::uint64_t;

/// Signatures of this node's validators. One such job is under way at a time. Result: on_signed.
struct SignJob {
    JobId id = 0;
    std::vector<validator::SignRequest> requests;
};

/// Result: on_aggregated. `deadline` is monotonic time.
struct AggregateJob {
    JobId id = 0;
    aggregation::AggregateJob job;
    Time deadline;
};

/// Result: on_merged.
struct MergeJob {
    JobId id = 0;
    aggregation::MergeJob job;
    Time deadline;
};

using Effect = std::variant<network_api::OwnBlock,
                            network_api::OwnAttestation,
                            network_api::OwnAggregatedAttestation,
                            network_api::PublishBlock,
                            network_api::PublishAttestation,
                            network_api::PublishAggregatedAttestation,
                            network_api::FetchBlock,
                            network_api::ReportPeer,
                            SignJob,
                            AggregateJob,
                            MergeJob>;

/// The results of a SignJob, in the order of its requests.
using SignResults = std::vector<Result<Signature, validator::SignFailure>>;

}  // namespace lepton::blockchain
