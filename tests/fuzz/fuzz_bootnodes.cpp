// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "p2p/bootnodes.hpp"
#include "p2p/enr.hpp"

#include <cctype>
#include <set>

namespace lepton::fuzz {
namespace {

using namespace p2p;
using libp2p::PeerId;

/// Input: nodes.yaml
void run(ByteView input) {
    static const PeerId self = PeerId::from_public_key(libp2p::sim_public_key(1));
    const Bootnodes nodes = parse_bootnodes(as_text(input), self);
    LEPTON_ASSERT(nodes.addresses.size() <= kBootnodesMax);
    std::set<PeerId> peers{self};
    for (const libp2p::Multiaddr& address : nodes.addresses) {
        LEPTON_ASSERT(address.peer_id && peers.insert(*address.peer_id).second);
        LEPTON_ASSERT(libp2p::Multiaddr::from_string(address.to_string()) == address);
    }
    for (const std::string& warning : nodes.warnings) {
        LEPTON_ASSERT(warning.starts_with("line ") && warning.size() <= 2048);
        for (const char c : warning) LEPTON_ASSERT(!std::iscntrl(static_cast<unsigned char>(c)));
    }
}

std::vector<Bytes> seeds() {
    const auto key = crypto::secp256k1::SecretKey::parse(Bytes(32, 5)).value();
    const std::string enr =
        Enr::make(
            {.sequence = 1, .ip = {10, 0, 0, 1}, .quic_port = 9001, .fork = {}, .subnets = {}}, key)
            .value()
            .to_text();
    const std::string address =
        libp2p::Multiaddr{{10, 0, 0, 2}, 9000, PeerId::from_public_key(libp2p::sim_public_key(2))}
            .to_string();
    const std::string own =
        libp2p::Multiaddr{{10, 0, 0, 3}, 9000, PeerId::from_public_key(libp2p::sim_public_key(1))}
            .to_string();
    return {bytes_of("---\n- " + enr + "\n- \"" + address + "\"\n"),
            bytes_of("[" + address + ", " + own + ", " + address + "]\n"),
            bytes_of("# none\n- /ip4/1.2.3.4/udp/1/quic-v1\n- enr:x\n- \x01\xff")};
}

const Registration kTarget({"bootnodes", 768, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
