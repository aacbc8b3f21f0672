// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bytes of one stream from write until the peer has acknowledged them. ngtcp2 keeps pointers
// into them for retransmission, so a byte never moves while it is here. One thread.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace lepton::libp2p {

class SendQueue {
  public:
    /// Appends `bytes`. Small ones share an allocation, large ones are cut, so that memory follows
    /// size() closely.
    void append(Bytes bytes);

    /// Bytes that are not acknowledged.
    std::size_t size() const { return static_cast<std::size_t>(end_ - acked_); }
    /// True when bytes wait that were never handed out.
    bool has_unsent() const { return sent_ < end_; }
    std::size_t unsent_size() const { return static_cast<std::size_t>(end_ - sent_); }

    /// Fills `pieces` with the first unsent bytes, borrowed until they are acknowledged; returns
    /// how many pieces were filled.
    std::size_t unsent(std::span<ByteView> pieces) const;
    /// Counts the first `size` unsent bytes as sent.
    void mark_sent(std::size_t size);
    /// Frees what lies before `offset`, counted from the first byte ever appended. Requires that it
    /// was sent. Returns how many bytes became acknowledged.
    std::size_t acknowledge(std::uint64_t offset);
    /// Frees everything.
    void clear();

  private:
    static constexpr std::size_t kPieceSizeMax = 256 * 1024;
    static constexpr std::size_t kSharedSize = 4 * 1024;

    std::deque<Bytes> pieces_;
    // Offsets, counted from the first byte ever appended.
    std::uint64_t begin_ = 0;  // of the first byte of pieces_
    std::uint64_t acked_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t end_ = 0;
    /// The piece with the first unsent byte (or one past the last), and the offset where it begins.
    std::size_t unsent_piece_ = 0;
    std::uint64_t unsent_piece_begin_ = 0;
};

}  // namespace lepton::libp2p
