// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/identify.hpp"
#include "libp2p/simulation/sim_identity.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    const Allocated allocated;
    const auto info = decode_identify(input);
    LEPTON_ASSERT(allocated.bytes() <= 64 * input.size() + 1024);
    if (!info) return;
    LEPTON_ASSERT(info->protocol_version.size() <= kIdentifyTextMax);
    LEPTON_ASSERT(info->agent_version.size() <= kIdentifyTextMax);
    LEPTON_ASSERT(info->protocols.size() <= kIdentifyProtocolsMax);
    LEPTON_ASSERT(info->listen_addresses.size() <= kIdentifyAddressesMax);
    const auto again = decode_identify(encode_identify(*info));
    LEPTON_ASSERT(again && *again == *info);
}

std::vector<Bytes> seeds() {
    IdentifyInfo info;
    info.protocol_version = "lean/1";
    info.agent_version = "lepton/test";
    info.public_key = sim_public_key(1);
    info.listen_addresses = {{{127, 0, 0, 1}, 9000, {}}};
    info.observed_address = Multiaddr{Bytes(16, 1), 9001, {}};
    info.protocols = {"/meshsub/1.1.0", "/ipfs/id/1.0.0"};
    const Bytes good = encode_identify(info);
    return {good, Bytes(good.begin(), good.begin() + 40), bytes_of_hex("1200")};
}

const Registration kTarget({"identify", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
