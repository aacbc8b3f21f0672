// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests of the handlers only: vectors made of lepton's own values and keys.
#pragma once

#include "aggregation/test_keys.hpp"
#include "spec/formats.hpp"

#include <gtest/gtest.h>

namespace lepton::spec {

inline json::string hex(ByteView bytes) {
    return json::string("0x" + lepton::to_hex(bytes));
}
inline json::string hex(const Root& root) {
    return hex(ByteView{root.bytes});
}
inline json::string hex(const PublicKey& key) {
    return hex(key.bytes());
}

/// Validator i has the keys of the test signers 2i and 2i + 1.
inline ValidatorKeys validator_keys(std::size_t index) {
    return {aggregation::key_of(2 * index), aggregation::key_of(2 * index + 1)};
}

/// Four validators.
inline const KeySets& test_key_sets() {
    static const KeySets sets = [] {
        KeySet keys;
        for (std::size_t i = 0; i < 4; ++i) keys.push_back(validator_keys(i));
        return KeySets{{key_set_digest(keys), keys}};
    }();
    return sets;
}

/// Returns a vector of `format` with what every vector has and `members`.
inline json::object vector_of(std::string_view format, const json::object& members) {
    json::object vector{
        {"network", "Lstar"},
        {"leanEnv", "test"},
        {"proofSetting", 0},
        {"_info", {{"fixtureFormat", format}, {"keySetDigest", test_key_sets().begin()->first}}}};
    for (const auto& member : members) vector[member.key()] = member.value();
    return vector;
}

inline Outcome run_test_vector(const json::object& vector) {
    const auto format = as_string(at(as_object(at(vector, "_info")), "fixtureFormat"));
    return run_vector(format, "id", vector, {}, test_key_sets());
}

inline void expect_passed(const json::object& vector) {
    const Outcome outcome = run_test_vector(vector);
    EXPECT_EQ(outcome.status, Outcome::Status::passed) << outcome.reason;
}
/// `reason`: a part of what it must say.
inline void expect_failed(const json::object& vector, std::string_view reason) {
    const Outcome outcome = run_test_vector(vector);
    EXPECT_EQ(outcome.status, Outcome::Status::failed);
    EXPECT_NE(outcome.reason.find(reason), std::string::npos) << outcome.reason;
}

/// Returns `vector` with another value at a member.
inline json::object with(json::object vector, std::string_view member, const json::value& value) {
    vector[member] = value;
    return vector;
}

}  // namespace lepton::spec
