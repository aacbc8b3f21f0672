// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "p2p/snappy_block.hpp"

namespace lepton::fuzz {
namespace {

using namespace p2p;

constexpr std::size_t kSizeMax = 1 << 20;

void run(ByteView input) {
    const Allocated allocated;
    const auto data = snappy_block_decode(input, kSizeMax);
    LEPTON_ASSERT(allocated.bytes() <= 22 * input.size() + 64);
    // A smaller limit changes nothing but that.
    const auto limited = snappy_block_decode(input, 100);
    if (data) {
        LEPTON_ASSERT(data->size() <= kSizeMax);
        LEPTON_ASSERT(limited
                          ? *limited == *data
                          : data->size() > 100 && limited.error() == SnappyBlockError::too_large);
    } else {
        LEPTON_ASSERT(!limited);
    }
    LEPTON_ASSERT(snappy_block_decode(snappy_block_encode(input), input.size()) == to_bytes(input));
}

std::vector<Bytes> seeds() {
    return {snappy_block_encode({}),
            snappy_block_encode(Bytes(300, 7)),
            snappy_block_encode(bytes_of("some text, some other text")),
            bytes_of_hex("ffffffff0f"),
            bytes_of_hex("ffffffffff01"),
            bytes_of_hex("0afa")};
}

const Registration kTarget({"snappy_block", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
