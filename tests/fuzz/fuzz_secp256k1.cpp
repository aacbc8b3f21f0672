// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/secp256k1.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

using namespace crypto::secp256k1;

void run(ByteView input) {
    if (const auto key = PublicKey::parse(input)) {
        LEPTON_ASSERT(to_bytes(key->compressed()) == to_bytes(input));
        LEPTON_ASSERT(!key->verify(Bytes32{1}, CompactSignature{}));
        LEPTON_ASSERT(to_bytes(ByteView{key->coordinates()}.first(32)) == to_bytes(input.last(32)));
    }
    if (const auto key = SecretKey::parse(input)) {
        LEPTON_ASSERT(to_bytes(key->secret_bytes()) == to_bytes(input));
        const Bytes32 digest{2};
        LEPTON_ASSERT(key->public_key().verify(digest, key->sign(digest)));
    }
    if (const auto signature = from_der(input)) {
        LEPTON_ASSERT(to_der(*signature) == to_bytes(input));
    }
}

std::vector<Bytes> seeds() {
    const Bytes secret(32, 5);
    const auto key = SecretKey::parse(secret).value();
    return {secret,
            to_bytes(key.public_key().compressed()),
            to_der(key.sign(Bytes32{1})).value(),
            Bytes(33, 2),
            bytes_of_hex("3006020101020101"),
            bytes_of_hex("300602010002010100")};
}

const Registration kTarget({"secp256k1", 80, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
