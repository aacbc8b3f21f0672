// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "p2p/enr.hpp"

namespace lepton::fuzz {
namespace {

using namespace p2p;

/// The example of EIP-778.
constexpr std::string_view kExample =
    "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5"
    "wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";

void check(const Enr& enr) {
    const auto again = Enr::from_rlp(enr.to_rlp());
    LEPTON_ASSERT(again && again->to_rlp() == enr.to_rlp());
    LEPTON_ASSERT(again->verify().has_value() == enr.verify().has_value());
    LEPTON_ASSERT(enr.to_rlp().size() <= kEnrSizeMax);
    LEPTON_ASSERT(enr.peer_id() == again->peer_id() && enr.node_id() == again->node_id());
    for (const SubnetId subnet : enr.subnets()) LEPTON_ASSERT(subnet.value < Enr::kSubnets);
    (void)enr.fork();
    (void)enr.is_aggregator();
    if (const auto address = enr.address()) {
        LEPTON_ASSERT(address->peer_id == enr.peer_id());
        LEPTON_ASSERT(libp2p::Multiaddr::from_string(address->to_string()) == *address);
    }
}

void run(ByteView input) {
    if (const auto enr = Enr::from_text(as_text(input))) {
        LEPTON_ASSERT(enr->to_text() == as_text(input));
        check(*enr);
    }
    if (const auto enr = Enr::from_rlp(input)) {
        LEPTON_ASSERT(enr->to_rlp() == to_bytes(input));
        check(*enr);
    }
}

std::vector<Bytes> seeds() {
    const auto key = crypto::secp256k1::SecretKey::parse(Bytes(32, 5)).value();
    const Enr own = Enr::make({.sequence = 300,
                               .ip = {10, 0, 0, 1},
                               .quic_port = 9001,
                               .fork = EnrFork{{1, 2, 3, 4}, {}, UINT64_MAX},
                               .subnets = {SubnetId{0}, SubnetId{63}},
                               .is_aggregator = true},
                              key)
                        .value();
    return {bytes_of(kExample),
            Enr::from_text(kExample)->to_rlp(),
            bytes_of(own.to_text()),
            own.to_rlp(),
            bytes_of("enr:"),
            bytes_of("enr:-A=="),
            {0xc0}};
}

const Registration kTarget({"enr", 420, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
