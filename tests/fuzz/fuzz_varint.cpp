// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/varint.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace libp2p;

void run(ByteView input) {
    const Allocated allocated;
    const auto number = read_varint(input);
    LEPTON_ASSERT(allocated.bytes() == 0);
    const auto continues = [](std::uint8_t byte) { return byte >= 0x80; };
    if (!number) {
        const bool is_truncated = number.error() == VarintError::truncated;
        LEPTON_ASSERT(is_truncated ==
                      (input.size() < kVarintSizeMax && std::ranges::all_of(input, continues)));
        return;
    }
    LEPTON_ASSERT(number->size >= 1 && number->size <= std::min(input.size(), kVarintSizeMax));
    Bytes shortest;
    append_varint(shortest, number->value);
    LEPTON_ASSERT(shortest.size() == varint_size(number->value));
    LEPTON_ASSERT(shortest.size() <= number->size);
    LEPTON_ASSERT(read_varint(shortest) == Varint(number->value, shortest.size()));
    for (std::size_t size = 0; size < number->size; ++size) {
        LEPTON_ASSERT(read_varint(input.first(size)).error() == VarintError::truncated);
    }
}

std::vector<Bytes> seeds() {
    Bytes largest;
    append_varint(largest, UINT64_MAX);
    Bytes overflow = largest;
    overflow.back() = 2;
    return {{0}, {0x80, 1}, {0x80, 0}, {0xff}, largest, overflow, Bytes(11, 0x80)};
}

const Registration kTarget({"varint", 16, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
