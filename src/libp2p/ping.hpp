// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// ping 1.0.0: 32 bytes go, the same 32 bytes come back. Reactor thread.
// Source: https://github.com/libp2p/specs/blob/master/ping/ping.md
#pragma once

#include "base/random.hpp"
#include "libp2p/connection_pool.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string_view>

namespace lepton::libp2p {

inline constexpr std::string_view kPingProtocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t kPingSize = 32;
/// From the call to the answer.
inline constexpr Duration kPingTimeout = std::chrono::seconds(10);
/// Streams on which one peer may ping at a time; the specification asks for one.
inline constexpr std::size_t kPingStreamsMax = 2;

enum class PingError : std::uint8_t {
    no_peer,
    unsupported,
    timeout,
    /// The stream ended, or the answer was another.
    failed,
    stopped
};

/// The round-trip time.
using PingOutcome = Result<Duration, PingError>;

class Pinger;

class PingService {
  public:
    using Done = std::move_only_function<void(PingOutcome)>;

    PingService(
        Reactor& reactor, Random& random, ConnectionPool& pool, TaskSet& tasks, DeferQueue& later)
        : reactor_(reactor), random_(random), pool_(pool), tasks_(tasks), later_(later) {}

    /// `done` is called exactly once, later.
    void ask(const PeerId& peer, Done done);
    /// Answers the pings of `peer` on `stream`, as long as it likes.
    void answer(const PeerId& peer, NegotiatedStream stream);
    /// Answers every ping with PingError::stopped.
    void stop();

  private:
    friend class Pinger;

    struct Pending {
        Done done;
        Time sent{};
        Bytes payload;
    };

    void on_opened(std::uint64_t ping, Result<NegotiatedStream, OpenError> result);
    void finish(std::uint64_t ping, std::optional<PingError> error);

    Reactor& reactor_;
    Random& random_;
    ConnectionPool& pool_;
    TaskSet& tasks_;
    DeferQueue& later_;
    bool is_stopped_ = false;
    std::uint64_t last_ping_ = 0;
    std::map<std::uint64_t, Pending> pending_;
    /// Streams of each peer that are answered.
    std::map<PeerId, std::size_t> answering_;
};

}  // namespace lepton::libp2p
