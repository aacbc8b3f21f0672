// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/snappy_frame.hpp"

#include "base/assert.hpp"
#include "p2p/crc32c.hpp"

#include <snappy.h>

#include <algorithm>
#include <array>

namespace lepton::p2p {
namespace {

constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kChecksumSize = 4;
constexpr std::uint8_t kCompressedChunk = 0x00;
constexpr std::uint8_t kPlainChunk = 0x01;
constexpr std::uint8_t kFirstSkippableChunk = 0x80;
constexpr std::uint8_t kIdentifierChunk = 0xff;
constexpr std::array<std::uint8_t, kSnappyIdentifierSize> kIdentifier{
    0xff, 0x06, 0x00, 0x00, 's', 'N', 'a', 'P', 'p', 'Y'};
/// Most bytes that compression of a full chunk can give (snappy's bound, 32 + n + n / 6).
constexpr std::size_t kCompressedSizeMax = 32 + kSnappyChunkSizeMax + kSnappyChunkSizeMax / 6;

std::uint32_t little_endian(ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

void append_little_endian(Bytes& out, std::size_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

void append_chunk_of(Bytes& out, ByteView data) {
    std::array<char, kCompressedSizeMax> compressed;  // NOLINT: filled by the next call
    std::size_t compressed_size = 0;
    snappy::RawCompress(as_text(data).data(), data.size(), compressed.data(), &compressed_size);
    const bool is_smaller = compressed_size < data.size();
    const ByteView body = is_smaller ? as_bytes({compressed.data(), compressed_size}) : data;
    out.push_back(is_smaller ? kCompressedChunk : kPlainChunk);
    append_little_endian(out, kChecksumSize + body.size(), 3);
    append_little_endian(out, masked_crc32c(data), kChecksumSize);
    append(out, body);
}

}  // namespace

std::string_view to_string(SnappyFrameError error) {
    switch (error) {
        case SnappyFrameError::bad_identifier:
            return "frame_bad_identifier";
        case SnappyFrameError::bad_chunk_type:
            return "frame_bad_chunk_type";
        case SnappyFrameError::bad_chunk_size:
            return "frame_bad_chunk_size";
        case SnappyFrameError::too_many_idle_chunks:
            return "frame_too_many_idle_chunks";
        case SnappyFrameError::too_much_data:
            return "frame_too_much_data";
        case SnappyFrameError::corrupt:
            return "frame_corrupt";
        case SnappyFrameError::bad_checksum:
            return "frame_bad_checksum";
    }
    assertion_failed("known SnappyFrameError", __FILE__, __LINE__, {});
}

void append_snappy_frame(Bytes& out, ByteView data) {
    append(out, kIdentifier);
    while (!data.empty()) {
        const ByteView chunk = data.first(std::min(data.size(), kSnappyChunkSizeMax));
        append_chunk_of(out, chunk);
        data = data.subspan(chunk.size());
    }
}

Result<std::size_t, SnappyFrameError> SnappyFrameDecoder::feed(ByteView bytes) {
    std::size_t used = 0;
    while (!is_done() && used < bytes.size()) {
        const std::size_t left = bytes.size() - used;
        if (skip_left_ > 0) {
            const std::size_t skipped = std::min(skip_left_, left);
            skip_left_ -= skipped;
            used += skipped;
            continue;
        }
        const std::size_t taken = std::min(chunk_size_ - chunk_.size(), left);
        append(chunk_, bytes.subspan(used, taken));
        used += taken;
        if (chunk_.size() < chunk_size_) break;
        const bool is_header = chunk_size_ == kHeaderSize;
        if (auto done = is_header ? on_header() : on_chunk(); !done) {
            return std::unexpected(done.error());
        }
    }
    return used;
}

// Decides, once the four bytes of a header are there, whether the body is read or skipped.
Result<void, SnappyFrameError> SnappyFrameDecoder::on_header() {
    const std::uint8_t type = chunk_[0];
    const std::size_t body_size = little_endian(ByteView{chunk_}.subspan(1, 3));
    if (!has_identifier_ && type != kIdentifierChunk) {
        return std::unexpected(SnappyFrameError::bad_identifier);
    }
    if (type == kIdentifierChunk) {
        if (body_size != kSnappyIdentifierSize - kHeaderSize) {
            return std::unexpected(SnappyFrameError::bad_identifier);
        }
    } else if (type == kCompressedChunk || type == kPlainChunk) {
        const std::size_t size_max =
            type == kCompressedChunk ? kCompressedSizeMax : kSnappyChunkSizeMax;
        if (body_size < kChecksumSize || body_size > kChecksumSize + size_max) {
            return std::unexpected(SnappyFrameError::bad_chunk_size);
        }
    } else if (type >= kFirstSkippableChunk) {
        if (body_size > kSnappyChunkSizeMax) {
            return std::unexpected(SnappyFrameError::bad_chunk_size);
        }
        skip_left_ = body_size;
        chunk_.clear();
        return count_idle_chunk();
    } else {
        return std::unexpected(SnappyFrameError::bad_chunk_type);
    }
    chunk_size_ = kHeaderSize + body_size;
    return {};
}

Result<void, SnappyFrameError> SnappyFrameDecoder::on_chunk() {
    const Bytes chunk = std::exchange(chunk_, {});
    chunk_size_ = kHeaderSize;
    if (chunk[0] == kIdentifierChunk) {
        if (!std::ranges::equal(chunk, kIdentifier)) {
            return std::unexpected(SnappyFrameError::bad_identifier);
        }
        if (has_identifier_) return count_idle_chunk();
        has_identifier_ = true;
        return {};
    }
    const std::size_t size_before = data_.size();
    const ByteView body = ByteView{chunk}.subspan(kHeaderSize + kChecksumSize);
    if (auto done = append_chunk(body, chunk[0] == kCompressedChunk); !done) return done;
    const ByteView added = ByteView{data_}.subspan(size_before);
    if (masked_crc32c(added) !=
        little_endian(ByteView{chunk}.subspan(kHeaderSize, kChecksumSize))) {
        return std::unexpected(SnappyFrameError::bad_checksum);
    }
    if (added.empty()) return count_idle_chunk();
    return {};
}

Result<void, SnappyFrameError> SnappyFrameDecoder::count_idle_chunk() {
    if (++idle_chunks_ > kSnappyIdleChunksMax) {
        return std::unexpected(SnappyFrameError::too_many_idle_chunks);
    }
    return {};
}

Result<void, SnappyFrameError> SnappyFrameDecoder::append_chunk(ByteView body, bool is_compressed) {
    std::size_t size = body.size();
    if (is_compressed && !snappy::GetUncompressedLength(as_text(body).data(), body.size(), &size)) {
        return std::unexpected(SnappyFrameError::corrupt);
    }
    if (size > kSnappyChunkSizeMax) return std::unexpected(SnappyFrameError::bad_chunk_size);
    if (size > size_ - data_.size()) return std::unexpected(SnappyFrameError::too_much_data);
    const std::size_t at = data_.size();
    if (at + size > data_.capacity()) data_.reserve(std::min(size_, std::max(at + size, 2 * at)));
    if (!is_compressed) {
        append(data_, body);
        return {};
    }
    data_.resize(at + size);
    if (!snappy::RawUncompress(
            as_text(body).data(), body.size(), reinterpret_cast<char*>(data_.data() + at))) {
        return std::unexpected(SnappyFrameError::corrupt);
    }
    return {};
}

Bytes SnappyFrameDecoder::take() {
    LEPTON_ASSERT(is_done());
    size_ = 0;
    return std::exchange(data_, {});
}

}  // namespace lepton::p2p
