// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Counts, for each peer, what it sent that could not be decoded: a metric family with the labels
// peer, protocol and reason. Peers are free to be many, so only the last kPeersMax of them are
// kept; what the others did is moved to the peer "other". Any thread.
#pragma once

#include "base/metrics.hpp"
#include "libp2p/peer_id.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lepton::libp2p {

class DecodeFailures final : public prometheus::Collectable {
  public:
    /// As many peers as are connected at most, and some that have left.
    static constexpr std::size_t kPeersMax = 128;

    /// Returns a table that `metrics` shows as long as it lives.
    static std::shared_ptr<DecodeFailures> make(Metrics& metrics);

    /// `protocol` and `reason` are fixed texts, never those of a peer.
    void count(const PeerId& peer, std::string_view protocol, std::string_view reason);

    std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    using What = std::pair<std::string, std::string>;
    using Counts = std::map<What, std::uint64_t>;
    struct Entry {
        Counts counts;
        /// Position in the order of last failures.
        std::uint64_t last = 0;
    };

    DecodeFailures() = default;

    mutable std::mutex mutex_;
    std::map<PeerId, Entry> peers_;
    Counts others_;
    std::uint64_t last_ = 0;
};

}  // namespace lepton::libp2p
