// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/quic/packet_filter.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    const Allocated allocated;
    const auto [handshake, short_header] = split_datagram(input);
    LEPTON_ASSERT(allocated.bytes() == 0);
    LEPTON_ASSERT(handshake.size() + short_header.size() <= input.size());
    LEPTON_ASSERT(handshake.empty() || handshake.data() == input.data());
    if (!short_header.empty()) {
        LEPTON_ASSERT(short_header.data() == input.data() + handshake.size());
        LEPTON_ASSERT((short_header.front() & 0x80) == 0);
        LEPTON_ASSERT(handshake.size() + short_header.size() == input.size());
    }
    if (handshake.empty()) return;
    LEPTON_ASSERT((handshake.front() & 0x80) != 0);
    // What was let through is let through as it is.
    LEPTON_ASSERT(split_datagram(handshake).handshake.size() == handshake.size());
}

std::vector<Bytes> seeds() {
    const Bytes initial = bytes_of_hex("c00000000104010203040405060708000441424344");
    const Bytes handshake = bytes_of_hex("e0000000010000024142");
    return {initial,
            joined({initial, handshake, bytes_of_hex("40aabbcc")}),
            joined({initial, bytes_of_hex("f000000001")}),
            bytes_of_hex("f00000000100000102030405"),
            bytes_of_hex("800000000000000a0b0c0d"),
            bytes_of_hex("c0000000010000c0ffffffffffffff")};
}

const Registration kTarget({"packet_filter", 256, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
