// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/snappy_block.hpp"

#include "base/assert.hpp"

#include <snappy.h>

#include <limits>

namespace lepton::p2p {
namespace {

// The densest element, a copy of 64 bytes, takes three bytes of input: no block grows more.
constexpr std::size_t kGrowthMax = 22;

const char* characters(ByteView bytes) {
    return as_text(bytes).data();
}

char* characters(Bytes& bytes) {
    return reinterpret_cast<char*>(bytes.data());
}

}  // namespace

std::string_view to_string(SnappyBlockError error) {
    switch (error) {
        case SnappyBlockError::bad_size:
            return "snappy_bad_size";
        case SnappyBlockError::too_large:
            return "snappy_too_large";
        case SnappyBlockError::corrupt:
            return "snappy_corrupt";
    }
    assertion_failed("known SnappyBlockError", __FILE__, __LINE__, {});
}

Bytes snappy_block_encode(ByteView data) {
    LEPTON_ASSERT(data.size() <= std::numeric_limits<std::uint32_t>::max());
    Bytes block(snappy::MaxCompressedLength(data.size()));
    std::size_t size = 0;
    snappy::RawCompress(characters(data), data.size(), characters(block), &size);
    LEPTON_ASSERT(size <= block.size());
    block.resize(size);
    return block;
}

Result<Bytes, SnappyBlockError> snappy_block_decode(ByteView block, std::size_t size_max) {
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(characters(block), block.size(), &size)) {
        return std::unexpected(SnappyBlockError::bad_size);
    }
    if (size > size_max) return std::unexpected(SnappyBlockError::too_large);
    if (size / kGrowthMax > block.size()) return std::unexpected(SnappyBlockError::corrupt);
    Bytes data(size);
    if (!snappy::RawUncompress(characters(block), block.size(), characters(data))) {
        return std::unexpected(SnappyBlockError::corrupt);
    }
    return data;
}

}  // namespace lepton::p2p
