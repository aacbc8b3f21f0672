// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/certificates.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

/// Input: the content of the libp2p extension of a certificate whose own signature is right.
void run(ByteView input) {
    static const Bytes key_info = certificate_recipe().key.key_info();
    const auto verified = verify_extension(input, key_info);
    if (!verified) return;
    LEPTON_ASSERT(verified->peer_id == PeerId::from_public_key(verified->public_key));
    LEPTON_ASSERT(verified->peer_id == certificate_peer());
}

std::vector<Bytes> seeds() {
    const test::Recipe recipe = certificate_recipe();
    const Bytes good =
        der::encode(der::Tag::sequence,
                    {der::encode(der::Tag::octet_string, recipe.identity_public_key),
                     der::encode(der::Tag::octet_string, recipe.identity_signature)});
    return {good,
            Bytes(good.begin(), good.end() - 1),
            der::encode(der::Tag::sequence, ByteView{}),
            der::encode(der::Tag::sequence,
                        {der::encode(der::Tag::octet_string, bytes_of_hex("08041200")),
                         der::encode(der::Tag::octet_string, Bytes(64, 1))})};
}

const Registration kTarget({"certificate_extension", 768, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
