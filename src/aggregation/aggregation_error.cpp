// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/aggregation_error.hpp"

namespace lepton::aggregation {

std::string_view to_string(AggregationError error) {
    switch (error) {
        case AggregationError::foreign_proof:
            return "foreign_proof";
        case AggregationError::bad_version:
            return "bad_version";
        case AggregationError::wrong_scheme:
            return "wrong_scheme";
        case AggregationError::wrong_kind:
            return "wrong_kind";
        case AggregationError::malformed:
            return "malformed";
        case AggregationError::too_large:
            return "too_large";
        case AggregationError::key_count_mismatch:
            return "key_count_mismatch";
        case AggregationError::message_mismatch:
            return "message_mismatch";
        case AggregationError::slot_mismatch:
            return "slot_mismatch";
        case AggregationError::component_count_mismatch:
            return "component_count_mismatch";
        case AggregationError::invalid_signature:
            return "invalid_signature";
        case AggregationError::nothing_to_prove:
            return "nothing_to_prove";
        case AggregationError::unknown_component:
            return "unknown_component";
        case AggregationError::ambiguous_component:
            return "ambiguous_component";
        case AggregationError::deadline:
            return "deadline";
        case AggregationError::cancelled:
            return "cancelled";
        case AggregationError::dropped:
            return "dropped";
        case AggregationError::unsupported:
            return "unsupported";
    }
    return "unknown";
}

Fault fault_of(AggregationError error) {
    switch (error) {
        case AggregationError::foreign_proof:
        case AggregationError::bad_version:
        case AggregationError::wrong_scheme:
            return Fault::foreign;
        case AggregationError::wrong_kind:
        case AggregationError::malformed:
        case AggregationError::too_large:
        case AggregationError::key_count_mismatch:
        case AggregationError::message_mismatch:
        case AggregationError::slot_mismatch:
        case AggregationError::component_count_mismatch:
        case AggregationError::invalid_signature:
            return Fault::proof;
        case AggregationError::nothing_to_prove:
        case AggregationError::unknown_component:
        case AggregationError::ambiguous_component:
        case AggregationError::deadline:
        case AggregationError::cancelled:
        case AggregationError::dropped:
        case AggregationError::unsupported:
            return Fault::request;
    }
    return Fault::request;
}

}  // namespace lepton::aggregation
