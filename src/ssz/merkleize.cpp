// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The tree is built level by level. A level with an odd number of nodes gets the root of an empty
// subtree of its height as its last node; once a single node is left, it is hashed with the empty
// subtree beside it until the height of the limit is reached. So a list costs as much as what it
// holds, whatever its limit.
#include "ssz/merkleize.hpp"

#include "base/assert.hpp"
#include "crypto/sha256.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace lepton::ssz {
namespace {

constexpr std::size_t kDepthMax = 64;
static_assert(sizeof(std::array<Bytes32, 2>) == 64, "pairs of chunks are hashed where they lie");

Bytes32 hash_pair(const Bytes32& left, const Bytes32& right) {
    const std::array<Bytes32, 2> pair{left, right};
    Bytes32 digest;
    crypto::sha256_64(pair.front().data(), 1, digest.data());
    return digest;
}

/// Roots of empty subtrees by height.
const std::array<Bytes32, kDepthMax + 1>& zero_roots() {
    static const auto roots = [] {
        std::array<Bytes32, kDepthMax + 1> table{};
        for (std::size_t height = 1; height < table.size(); ++height) {
            table[height] = hash_pair(table[height - 1], table[height - 1]);
        }
        return table;
    }();
    return roots;
}

}  // namespace

Bytes32 merkleize(std::vector<Bytes32> chunks, std::uint64_t limit) {
    LEPTON_ASSERT(chunks.size() <= limit);
    const std::size_t depth = limit <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(limit - 1));
    if (chunks.empty()) return zero_roots()[depth];

    for (std::size_t height = 0; height < depth; ++height) {
        if (chunks.size() % 2 != 0) chunks.push_back(zero_roots()[height]);
        const std::size_t parents = chunks.size() / 2;
        crypto::sha256_64(chunks.front().data(), parents, chunks.front().data());
        chunks.resize(parents);
    }
    LEPTON_ASSERT(chunks.size() == 1);
    return chunks.front();
}

Bytes32 mix_in_length(const Bytes32& root, std::uint64_t length) {
    Bytes32 length_chunk{};
    for (std::size_t i = 0; i < 8; ++i) {
        length_chunk[i] = static_cast<std::uint8_t>(length >> (8 * i));
    }
    return hash_pair(root, length_chunk);
}

std::vector<Bytes32> pack_bytes(ByteView bytes) {
    std::vector<Bytes32> chunks(static_cast<std::size_t>(chunk_count(bytes.size())));
    if (!bytes.empty()) std::memcpy(chunks.front().data(), bytes.data(), bytes.size());
    return chunks;
}

}  // namespace lepton::ssz
