// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/frame_reader.hpp"

#include "libp2p/varint.hpp"

#include <algorithm>
#include <utility>

namespace lepton::libp2p {

Result<void, FrameError> FrameReader::feed(ByteView bytes,
                                           const std::function<void(ByteView)>& on_frame) {
    while (!bytes.empty()) {
        if (!body_size_) {
            length_.push_back(bytes.front());
            bytes = bytes.subspan(1);
            const auto length = read_varint(length_);
            if (!length) {
                if (length_.size() < kVarintSizeMax) continue;
                return std::unexpected(FrameError::malformed_length);
            }
            if (length->value > size_max_) return std::unexpected(FrameError::too_large);
            body_size_ = static_cast<std::size_t>(length->value);
            length_.clear();
        }
        // A frame that is whole in `bytes` is not copied.
        if (body_.empty() && bytes.size() >= *body_size_) {
            const ByteView frame = bytes.first(*body_size_);
            bytes = bytes.subspan(*body_size_);
            body_size_.reset();
            on_frame(frame);
            continue;
        }
        const std::size_t missing = std::min(*body_size_ - body_.size(), bytes.size());
        append(body_, bytes.first(missing));
        bytes = bytes.subspan(missing);
        if (body_.size() < *body_size_) return {};
        const Bytes frame = std::exchange(body_, {});
        body_size_.reset();
        on_frame(frame);
    }
    return {};
}

}  // namespace lepton::libp2p
