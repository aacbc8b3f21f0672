// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/backend.hpp"

#include <algorithm>

namespace lepton::aggregation {

Result<std::size_t, AggregationError> component_about(std::span<const Claim> claims,
                                                      const Root& message) {
    const auto found = std::ranges::find(claims, message, &Claim::message);
    if (found == claims.end()) return std::unexpected(AggregationError::unknown_component);
    if (std::ranges::find(found + 1, claims.end(), message, &Claim::message) != claims.end()) {
        return std::unexpected(AggregationError::ambiguous_component);
    }
    return static_cast<std::size_t>(found - claims.begin());
}

}  // namespace lepton::aggregation
