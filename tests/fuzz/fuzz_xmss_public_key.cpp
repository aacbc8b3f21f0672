// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/signature_scheme.hpp"
#include "crypto/xmss/signature.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    const auto key = crypto::xmss::decode_public_key(input);
    const auto& scheme = crypto::signature_scheme(crypto::SchemeId::leansig_prod);
    LEPTON_ASSERT(scheme.check_public_key(input).has_value() == key.has_value());
    if (!key) return;
    LEPTON_ASSERT(crypto::xmss::encode(*key) == to_bytes(input));
    LEPTON_ASSERT(scheme.public_key_root(input) == crypto::xmss::public_key_root(input));
}

std::vector<Bytes> seeds() {
    Bytes good;
    for (std::uint8_t i = 0; i < 13; ++i) append(good, Bytes{i, 0, 0, 0x7e});
    Bytes prime = good;
    prime[3] = 0x7f;
    prime[0] = 1;
    return {good, prime, Bytes(52, 0), Bytes(51, 0)};
}

const Registration kTarget({"xmss_public_key", 64, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
