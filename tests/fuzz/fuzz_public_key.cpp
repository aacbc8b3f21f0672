// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/peer_id.hpp"
#include "libp2p/public_key.hpp"
#include "libp2p/simulation/sim_identity.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    const auto key = PublicKey::from_protobuf(input);
    if (!key) return;
    LEPTON_ASSERT(key->to_protobuf() == to_bytes(input));
    const PeerId id = PeerId::from_public_key(input);
    LEPTON_ASSERT(PeerId::from_bytes(id.bytes()) == id);
    LEPTON_ASSERT(id.inline_public_key().empty() ||
                  to_bytes(id.inline_public_key()) == to_bytes(input));
    // The library behind it must bear any key, and nobody has signed this.
    LEPTON_ASSERT(
        !key->verify(as_bytes("message"), input.last(std::min<std::size_t>(input.size(), 72))));
}

std::vector<Bytes> seeds() {
    // Ed25519, and P-256 as SubjectPublicKeyInfo.
    const Bytes ed25519 = PublicKey{KeyType::ed25519, Bytes(32, 3)}.to_protobuf();
    const Bytes ecdsa =
        PublicKey{KeyType::ecdsa,
                  bytes_of_hex("3059301306072a8648ce3d020106082a8648ce3d030107034200"
                               "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4"
                               "a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33"
                               "576b315ececbb6406837bf51f5")}
            .to_protobuf();
    return {
        sim_public_key(1), ed25519, ecdsa, bytes_of_hex("08041200"), bytes_of_hex("0800120101")};
}

const Registration kTarget({"public_key", 640, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
