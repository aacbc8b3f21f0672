// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A checkpoint's state arrives as bytes: a node takes it when they decode and a chain can begin
// with it.
#include "consensus/store.hpp"
#include "spec/formats.hpp"

namespace lepton::spec {
namespace {

Verdict verify_checkpoint(const Vector& vector,
                          const json::object& operation,
                          const json::object& output) {
    allow_only(operation, {"kind", "numValidators", "anchorSlot"});
    allow_only(output, {"valid", "stateBytes", "validatorCount", "anchorSlot"});
    const Bytes bytes = as_bytes(at(output, "stateBytes"));
    const auto state = ssz::decode<State>(bytes, decode_context(profile_of(vector.body)));
    const bool is_valid = state && consensus::verify_checkpoint_state(*state);
    if (auto valid = expect_equal("valid", is_valid, as_bool(at(output, "valid"))); !valid) {
        return valid;
    }
    if (!state) return {};
    if (auto encoded = expect_equal("stateBytes", to_hex(ssz::encode(*state)), to_hex(bytes));
        !encoded) {
        return encoded;
    }
    for (const json::value* count :
         {&at(operation, "numValidators"), &at(output, "validatorCount")}) {
        if (auto equal = expect_equal(
                "validators", std::uint64_t{state->validators->size()}, as_u64(*count));
            !equal) {
            return equal;
        }
    }
    for (const json::value* slot : {&at(operation, "anchorSlot"), &at(output, "anchorSlot")}) {
        if (auto equal = expect_equal("anchorSlot", state->slot, read_as<Slot>(*slot)); !equal) {
            return equal;
        }
    }
    return {};
}

}  // namespace

Verdict run_sync(const Vector& vector) {
    vector_members(vector, {"operation", "output"});
    const json::object& operation = as_object(at(vector.body, "operation"));
    const std::string_view kind = as_string(at(operation, "kind"));
    if (kind != "verify_checkpoint") throw BadVector(fmt::format("unknown operation '{}'", kind));
    return verify_checkpoint(vector, operation, as_object(at(vector.body, "output")));
}

}  // namespace lepton::spec
