// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/peer_id.hpp"
#include "libp2p/simulation/sim_identity.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    if (const auto id = PeerId::from_bytes(input)) {
        LEPTON_ASSERT(to_bytes(id->bytes()) == to_bytes(input));
        LEPTON_ASSERT(PeerId::from_base58(id->to_base58()) == *id);
        expect_within(id->inline_public_key(), id->bytes());
    }
    if (const auto id = PeerId::from_base58(as_text(input))) {
        LEPTON_ASSERT(id->to_base58() == as_text(input));
    }
}

std::vector<Bytes> seeds() {
    const PeerId small = PeerId::from_public_key(sim_public_key(1));
    const PeerId hashed = PeerId::from_public_key(Bytes(100, 1));
    return {to_bytes(small.bytes()),
            bytes_of(small.to_base58()),
            to_bytes(hashed.bytes()),
            bytes_of(hashed.to_base58()),
            bytes_of("1110"),
            {0, 0}};
}

const Registration kTarget({"peer_id", 96, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
