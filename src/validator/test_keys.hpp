// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Key pairs of the test scheme, made once per process. Tests only.
#pragma once

#include "base/assert.hpp"
#include "base/random.hpp"
#include "crypto/signature_scheme.hpp"

#include <cstdint>
#include <map>

namespace lepton::validator {

struct TestKey {
    Bytes public_key;
    Bytes secret_key;
};

inline const crypto::SignatureScheme& test_scheme() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_test);
}

/// Returns the key `number`, always the same one; it signs slots 0 to 31 at least at once.
inline const TestKey& test_key(std::uint64_t number) {
    static std::map<std::uint64_t, TestKey> keys;
    const auto found = keys.find(number);
    if (found != keys.end()) return found->second;
    SeededRandom random(number + 1);
    const auto pair =
        test_scheme().generate(random, 0, test_scheme().lifetime_slots(), crypto::run_in_order, {});
    LEPTON_ASSERT(pair.has_value());
    return keys.emplace(number, TestKey{pair->public_key, pair->secret_key_ssz}).first->second;
}

}  // namespace lepton::validator
