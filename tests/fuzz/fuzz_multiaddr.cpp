// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/multiaddr.hpp"
#include "libp2p/simulation/sim_identity.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    if (const auto address = Multiaddr::from_bytes(input)) {
        LEPTON_ASSERT(address->to_bytes() == to_bytes(input));
        LEPTON_ASSERT(Multiaddr::from_string(address->to_string()) == *address);
    }
    const auto address = Multiaddr::from_string(as_text(input));
    if (!address) {
        LEPTON_ASSERT(!address.error().empty() && address.error().find('\n') == std::string::npos);
        return;
    }
    // One IPv6 address has several texts.
    LEPTON_ASSERT(address->is_ip6() || address->to_string() == as_text(input));
    LEPTON_ASSERT(Multiaddr::from_string(address->to_string()) == *address);
    LEPTON_ASSERT(Multiaddr::from_bytes(address->to_bytes()) == *address);
}

std::vector<Bytes> seeds() {
    const PeerId peer = PeerId::from_public_key(sim_public_key(1));
    std::vector<Bytes> seeds;
    for (const Multiaddr& address : {Multiaddr{{127, 0, 0, 1}, 9000, peer},
                                     Multiaddr{Bytes(16, 0), 0, {}},
                                     Multiaddr{bytes_of_hex("20010db8000000000000000000000001"),
                                               65535,
                                               PeerId::from_public_key(Bytes(100, 1))}}) {
        seeds.push_back(address.to_bytes());
        seeds.push_back(bytes_of(address.to_string()));
    }
    seeds.push_back(bytes_of("/dns4/example.org/udp/1/quic-v1"));
    return seeds;
}

const Registration kTarget({"multiaddr", 280, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
