// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// SHA-256 (FIPS 180-4): whole messages, messages in pieces, and the merkle kernel over many 64-byte
// blocks. Uses the processor's SHA instructions when it has them. Any thread; a Sha256 object
// belongs to one thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lepton::crypto {

/// Returns the SHA-256 digest of `data`.
Bytes32 sha256(ByteView data);

/// Writes the SHA-256 digest of each of `count` independent 64-byte messages.
/// Input:  blocks: 64 * count bytes; digests: room for 32 * count bytes. `digests` may be equal to
///         `blocks` (a merkle layer turned into its parent layer in place), no other overlap.
/// Cost:   two compressions per block, the second with a padding block expanded beforehand
void sha256_64(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digests);

/// Returns whether the processor's SHA instructions do the work: several times as fast.
bool has_sha_instructions();

/// SHA-256 of a message that arrives in pieces.
class Sha256 {
  public:
    Sha256();

    /// Appends `data` to the message.
    void update(ByteView data);

    /// Returns the digest of everything appended, and starts a new empty message.
    Bytes32 finish();

  private:
    std::array<std::uint32_t, 8> state_;
    std::array<std::uint8_t, 64> pending_{};
    std::size_t pending_size_ = 0;
    std::uint64_t length_ = 0;  // bytes of the message so far
};

}  // namespace lepton::crypto
