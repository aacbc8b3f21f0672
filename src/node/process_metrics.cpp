// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/process_metrics.hpp"

namespace lepton::node {

void describe_process(Metrics& metrics, const ProcessDescription& process) {
    metrics
        .gauge("lean_node_info",
               "Name and version of this node",
               {{"name", process.node_id}, {"version", process.version}})
        .Set(1);
    metrics.gauge("lean_node_start_time_seconds", "Unix time of the start of this process")
        .Set(static_cast<double>(process.started) / 1000);
    metrics.gauge("lean_attestation_committee_count", "Number of attestation committees")
        .Set(static_cast<double>(process.committee_count));
}

}  // namespace lepton::node
