// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Snappy's framing format, the form in which requests and responses travel: a stream identifier,
// then chunks of at most 64 KiB with a checksum each. Source: framing_format.txt of google/snappy.
// A decoder object belongs to one thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::p2p {

/// Most bytes of data in one chunk, by the format.
inline constexpr std::size_t kSnappyChunkSizeMax = 65536;
/// Most chunks without data (skippable, repeated identifier, empty) in one frame stream, so that a
/// sender cannot keep a reader busy for nothing.
inline constexpr unsigned kSnappyIdleChunksMax = 8;
/// "\xff\x06\x00\x00sNaPpY", the chunk every frame stream starts with.
inline constexpr std::size_t kSnappyIdentifierSize = 10;

enum class SnappyFrameError : std::uint8_t {
    /// The stream does not start with the stream identifier, or a repeated one is wrong.
    bad_identifier,
    /// A chunk of a reserved type that must not be skipped.
    bad_chunk_type,
    /// A chunk that is larger than the format allows, or smaller than its checksum.
    bad_chunk_size,
    /// More than kSnappyIdleChunksMax chunks without data.
    too_many_idle_chunks,
    /// More data than was declared.
    too_much_data,
    /// Compressed bytes that give nothing.
    corrupt,
    bad_checksum,
};
std::string_view to_string(SnappyFrameError error);

/// Appends the frame stream of `data` to `out`; for no data, the identifier alone.
void append_snappy_frame(Bytes& out, ByteView data);

/// Decodes one frame stream that holds a known number of bytes, fed in pieces of any size. Stops
/// exactly behind the chunk that completes it, so that whatever follows is left to the caller.
/// Memory: what was decoded (at most twice that while growing, never above `size`) and one chunk.
class SnappyFrameDecoder {
  public:
    /// `size`: bytes of data in the stream; the caller has checked it against a limit. Nothing is
    /// allocated for it beforehand. A stream of size 0 is complete at once, without an identifier.
    explicit SnappyFrameDecoder(std::size_t size) : size_(size) {}

    /// Takes bytes from the front of `bytes` until the stream is complete or they are used up, and
    /// returns how many. After an error the object must not be fed again.
    /// Errors: any SnappyFrameError
    Result<std::size_t, SnappyFrameError> feed(ByteView bytes);

    bool is_done() const { return data_.size() == size_; }

    /// Gives the data away. Requires is_done().
    Bytes take();

  private:
    Result<void, SnappyFrameError> on_header();
    Result<void, SnappyFrameError> on_chunk();
    Result<void, SnappyFrameError> count_idle_chunk();
    Result<void, SnappyFrameError> append_chunk(ByteView compressed_or_plain, bool is_compressed);

    std::size_t size_;
    Bytes data_;
    bool has_identifier_ = false;
    unsigned idle_chunks_ = 0;
    /// The chunk being read: its header, then its body; complete at chunk_size_ bytes.
    Bytes chunk_;
    std::size_t chunk_size_ = 4;
    std::size_t skip_left_ = 0;
};

}  // namespace lepton::p2p
