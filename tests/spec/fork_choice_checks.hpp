// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a fork-choice step expects of the store: the checks that its author wrote and the snapshot
// that the generator took. One thread.
#pragma once

#include "consensus/store.hpp"
#include "spec/formats.hpp"

#include <map>
#include <string>

namespace lepton::spec {

using Labels = std::map<std::string, Root, std::less<>>;

/// Everything that checks look at.
struct StepView {
    const consensus::Store& store;
    const Labels& labels;
    Root old_head;
    /// The step's block, null for other steps.
    const Block* block = nullptr;
};

/// Compares the store with "checks". Throws BadVector on a check that is not known here.
Verdict check_step(const json::object& checks, const StepView& view);

/// Compares the store with "storeSnapshot". Proofs are compared as antichains: the specification
/// keeps proofs that another one covers, lepton does not. Members in `exempt` are not compared.
Verdict check_snapshot(const json::object& snapshot,
                       const consensus::Store& store,
                       const Exemptions& exempt);

}  // namespace lepton::spec
