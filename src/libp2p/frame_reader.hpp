// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Frames with a varint length in front, put together from reads of any size. One thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace lepton::libp2p {

enum class FrameError : std::uint8_t { too_large, malformed_length };

/// Memory grows with what has arrived, not with what a frame claims to be.
class FrameReader {
  public:
    explicit FrameReader(std::size_t size_max) : size_max_(size_max) {}

    /// Takes `bytes` and calls `on_frame` for each frame that is whole now, without its length;
    /// the view holds during the call.
    /// Errors: the stream is useless from there on
    Result<void, FrameError> feed(ByteView bytes, const std::function<void(ByteView)>& on_frame);

    /// Bytes that are held of a frame that is not whole yet.
    std::size_t partial_size() const { return length_.size() + body_.size(); }

  private:
    std::size_t size_max_;
    /// The length while it is incomplete.
    Bytes length_;
    std::optional<std::size_t> body_size_;
    Bytes body_;
};

}  // namespace lepton::libp2p
