// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/send_queue.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p {

void SendQueue::append(Bytes bytes) {
    end_ += bytes.size();
    const bool fits_into_last =
        !pieces_.empty() && pieces_.back().capacity() - pieces_.back().size() >= bytes.size();
    if (bytes.empty() || fits_into_last) {
        // Within the capacity nothing moves.
        if (!bytes.empty()) lepton::append(pieces_.back(), bytes);
    } else if (bytes.size() < kSharedSize) {
        Bytes& shared = pieces_.emplace_back();
        shared.reserve(kSharedSize);
        lepton::append(shared, bytes);
    } else if (bytes.size() <= kPieceSizeMax) {
        pieces_.push_back(std::move(bytes));
    } else {
        for (ByteView rest = bytes; !rest.empty();) {
            const ByteView piece = rest.first(std::min(rest.size(), kPieceSizeMax));
            pieces_.push_back(to_bytes(piece));
            rest = rest.subspan(piece.size());
        }
    }
}

std::size_t SendQueue::unsent(std::span<ByteView> pieces) const {
    std::size_t count = 0;
    std::size_t skipped = static_cast<std::size_t>(sent_ - unsent_piece_begin_);
    for (std::size_t i = unsent_piece_; i < pieces_.size() && count < pieces.size(); ++i) {
        const ByteView rest = ByteView{pieces_[i]}.subspan(skipped);
        if (!rest.empty()) pieces[count++] = rest;
        skipped = 0;
    }
    return count;
}

void SendQueue::mark_sent(std::size_t size) {
    LEPTON_ASSERT(size <= unsent_size());
    sent_ += size;
    // A full piece is left behind; one that ends here stays, because small writes may extend it.
    while (unsent_piece_ + 1 < pieces_.size() &&
           unsent_piece_begin_ + pieces_[unsent_piece_].size() <= sent_) {
        unsent_piece_begin_ += pieces_[unsent_piece_].size();
        ++unsent_piece_;
    }
}

std::size_t SendQueue::acknowledge(std::uint64_t offset) {
    LEPTON_ASSERT(offset <= sent_);
    if (offset <= acked_) return 0;
    const auto newly = static_cast<std::size_t>(offset - acked_);
    acked_ = offset;
    while (!pieces_.empty() && begin_ + pieces_.front().size() <= acked_) {
        begin_ += pieces_.front().size();
        pieces_.pop_front();
        if (unsent_piece_ > 0) {
            --unsent_piece_;
        } else {
            unsent_piece_begin_ = begin_;
        }
    }
    return newly;
}

void SendQueue::clear() {
    pieces_.clear();
    begin_ = acked_ = sent_ = end_;
    unsent_piece_ = 0;
    unsent_piece_begin_ = end_;
}

}  // namespace lepton::libp2p
