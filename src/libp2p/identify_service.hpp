// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The streams of identify: asks a peer, answers a peer, hears of changes. Reactor thread.
#pragma once

#include "libp2p/connection_pool.hpp"
#include "libp2p/decode_failures.hpp"
#include "libp2p/identify.hpp"

#include <functional>
#include <memory>

namespace lepton::libp2p {

/// From the agreement on the protocol to the whole message, and for the peer to take the answer.
inline constexpr Duration kIdentifyTimeout = std::chrono::seconds(10);

class IdentifyService {
  public:
    using OnInfo = std::function<void(const PeerId&, IdentifyInfo)>;

    /// `on_info` gets every message that could be read.
    IdentifyService(
        Reactor& reactor, ConnectionPool& pool, TaskSet& tasks, Metrics& metrics, OnInfo on_info)
        : reactor_(reactor),
          pool_(pool),
          tasks_(tasks),
          on_info_(std::move(on_info)),
          undecodable_(DecodeFailures::make(metrics)) {}

    /// Asks `peer`; a peer that does not answer is left alone.
    void ask(const PeerId& peer);
    /// Sends `own` to the peer that asked on `stream`.
    void answer(NegotiatedStream stream, const IdentifyInfo& own);
    /// Reads what `peer` says on `stream`.
    void read(const PeerId& peer, NegotiatedStream stream);

  private:
    Reactor& reactor_;
    ConnectionPool& pool_;
    TaskSet& tasks_;
    OnInfo on_info_;
    std::shared_ptr<DecodeFailures> undecodable_;
};

}  // namespace lepton::libp2p
