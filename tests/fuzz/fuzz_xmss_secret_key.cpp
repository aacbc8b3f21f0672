// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/random.hpp"
#include "crypto/signature_scheme.hpp"
#include "crypto/xmss/secret_key.hpp"
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

using namespace crypto;

const SignatureScheme& scheme() {
    return signature_scheme(SchemeId::leansig_test);
}

const KeyPair& key_pair() {
    static const KeyPair pair = [] {
        SeededRandom random{1};
        return scheme().generate(random, 0, 48, run_in_order, {}).value();
    }();
    return pair;
}

void run(ByteView input) {
    const Allocated allocated;
    const auto key = xmss::decode_secret_key<xmss::TestParameters>(input);
    LEPTON_ASSERT(allocated.bytes() <= 4 * input.size() + 4096);
    if (key) LEPTON_ASSERT(xmss::encode<xmss::TestParameters>(*key) == to_bytes(input));

    const Allocated allocated_prod;
    LEPTON_ASSERT(!xmss::decode_secret_key<xmss::ProdParameters>(input));
    LEPTON_ASSERT(allocated_prod.bytes() <= 4 * input.size() + 4096);

    // Damage must be found before the key signs: no file but the key's own may sign wrongly.
    const auto signer = scheme().load_secret_key(key_pair().public_key, to_bytes(input));
    if (!signer) return;
    LEPTON_ASSERT(key.has_value());
    const Bytes32 message{1};
    const auto signature = (*signer)->sign((*signer)->prepared().begin, message);
    if (!signature) return;
    LEPTON_ASSERT(scheme().verify({.public_key = key_pair().public_key,
                                   .slot = (*signer)->prepared().begin,
                                   .message = message,
                                   .signature = *signature}));
}

std::vector<Bytes> seeds() {
    const Bytes& good = key_pair().secret_key_ssz;
    Bytes other_range = good;
    other_range[60] ^= 0x10;
    return {good, other_range, Bytes(good.begin(), good.begin() + 88)};
}

const Registration kTarget({"xmss_secret_key", 4096, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
