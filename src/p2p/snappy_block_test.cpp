// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/snappy_block.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

// Every allocation of this program goes through here, so that a test can see how large they are.
thread_local std::size_t largest_allocation = 0;

[[gnu::noinline]] void* operator new(std::size_t size) {
    largest_allocation = std::max(largest_allocation, size);
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace lepton::p2p {
namespace {

TEST(SnappyBlock, round_trip_of_sizes_around_the_block_size) {
    SeededRandom random(1);
    for (const std::size_t size : {0u, 1u, 60u, 61u, 65535u, 65536u, 65537u, 200000u}) {
        Bytes noise(size);
        random.fill(noise);
        EXPECT_EQ(snappy_block_decode(snappy_block_encode(noise), size).value(), noise) << size;
        const Bytes zeros(size);
        EXPECT_EQ(snappy_block_decode(snappy_block_encode(zeros), size).value(), zeros) << size;
    }
}

TEST(SnappyBlock, highest_compression_is_below_the_growth_bound) {
    const Bytes zeros(10 * 1024 * 1024);
    const Bytes block = snappy_block_encode(zeros);
    EXPECT_LT(block.size(), 500'000u);
    EXPECT_EQ(snappy_block_decode(block, zeros.size()).value(), zeros);
}

TEST(SnappyBlock, declared_size_above_the_limit_is_refused) {
    const Bytes block = snappy_block_encode(Bytes(101));
    EXPECT_EQ(snappy_block_decode(block, 100).error(), SnappyBlockError::too_large);
    EXPECT_TRUE(snappy_block_decode(block, 101));
}

TEST(SnappyBlock, declared_size_that_so_few_bytes_cannot_fill_is_refused) {
    // Declares 4 MiB and holds one literal of one byte.
    const Bytes block{0x80, 0x80, 0x80, 0x02, 0x00, 0x41};
    EXPECT_EQ(snappy_block_decode(block, 10 << 20).error(), SnappyBlockError::corrupt);
}

TEST(SnappyBlock, nothing_is_allocated_for_a_claim_that_cannot_be_true) {
    // Declares 4 MiB and holds one literal of one byte.
    const Bytes block{0x80, 0x80, 0x80, 0x02, 0x00, 0x41};
    for (const std::size_t size_max : {std::size_t{1} << 20, std::size_t{10} << 20}) {
        largest_allocation = 0;
        EXPECT_FALSE(snappy_block_decode(block, size_max));
        EXPECT_LT(largest_allocation, 1024u);
    }
    const Bytes honest = snappy_block_encode(Bytes(100'000));
    largest_allocation = 0;
    EXPECT_TRUE(snappy_block_decode(honest, 100'000));
    EXPECT_GE(largest_allocation, 100'000u) << "the probe sees allocations";
}

TEST(SnappyBlock, malformed_blocks) {
    EXPECT_EQ(snappy_block_decode({}, 100).error(), SnappyBlockError::bad_size);
    EXPECT_EQ(snappy_block_decode(Bytes{0x80}, 100).error(), SnappyBlockError::bad_size);
    EXPECT_EQ(snappy_block_decode(Bytes(11, 0x80), 100).error(), SnappyBlockError::bad_size);
    // Two bytes declared, one given; one declared, two given; a copy from before the start.
    EXPECT_EQ(snappy_block_decode(Bytes{0x02, 0x00, 0x41}, 100).error(), SnappyBlockError::corrupt);
    EXPECT_EQ(snappy_block_decode(Bytes{0x01, 0x04, 0x41, 0x42}, 100).error(),
              SnappyBlockError::corrupt);
    EXPECT_EQ(snappy_block_decode(Bytes{0x04, 0x0e, 0x01, 0x00}, 100).error(),
              SnappyBlockError::corrupt);
}

TEST(SnappyBlock, damaged_blocks_never_exceed_their_declared_size) {
    SeededRandom random(2);
    Bytes text;
    for (int i = 0; i < 50; ++i) append(text, as_bytes("the same words again and "));
    const Bytes block = snappy_block_encode(text);
    for (int i = 0; i < 5000; ++i) {
        Bytes damaged = block;
        damaged[random.below(damaged.size())] = static_cast<std::uint8_t>(random.below(256));
        if (const auto data = snappy_block_decode(damaged, 2000)) {
            EXPECT_LE(data->size(), 2000u);
        }
    }
}

}  // namespace
}  // namespace lepton::p2p
