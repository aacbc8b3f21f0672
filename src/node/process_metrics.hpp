// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Metrics that say what a process is. Any thread.
#pragma once

#include "base/clock.hpp"
#include "base/metrics.hpp"

#include <cstdint>
#include <string>

namespace lepton::node {

struct ProcessDescription {
    /// The node's name in its genesis files.
    std::string node_id;
    /// version_text().
    std::string version;
    UnixMs started = 0;
    std::uint64_t committee_count = 1;
};

/// Sets the gauges that never change while a process runs; they live as long as `metrics`.
void describe_process(Metrics& metrics, const ProcessDescription& process);

}  // namespace lepton::node
