// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "types/state.hpp"

#include "base/assert.hpp"

namespace lepton {
namespace {

/// Everything but the registry, which is shared between most states that are compared.
auto fields_beside_registry(const State& state) {
    return std::tie(state.config,
                    state.slot,
                    state.latest_block_header,
                    state.latest_justified,
                    state.latest_finalized,
                    state.historical_block_hashes,
                    state.justified_slots,
                    state.justifications_roots,
                    state.justifications_validators);
}

}  // namespace

bool State::operator==(const State& other) const {
    LEPTON_ASSERT(validators != nullptr && other.validators != nullptr);
    return fields_beside_registry(*this) == fields_beside_registry(other) &&
           (validators == other.validators || *validators == *other.validators);
}

}  // namespace lepton
