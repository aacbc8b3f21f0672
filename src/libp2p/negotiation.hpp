// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The first moments of a stream: both ends agree on a protocol, within a deadline. Reactor thread.
#pragma once

#include "libp2p/multistream.hpp"
#include "libp2p/stream_task.hpp"

#include <functional>
#include <string>
#include <variant>

namespace lepton::libp2p {

/// From opening a stream to the agreement.
inline constexpr Duration kNegotiationTimeout = std::chrono::seconds(5);

/// A stream whose protocol is agreed on.
struct NegotiatedStream {
    std::unique_ptr<Stream> stream;
    std::string protocol;
    /// Arrived behind the negotiation; not consumed yet.
    Bytes unread;
};

enum class OpenError : std::uint8_t {
    not_connected,
    /// The peer permits no more streams, or the connection is ending.
    no_stream,
    /// The peer speaks none of the protocols.
    unsupported,
    timeout,
    reset,
    /// The peer does not speak multistream-select.
    malformed
};

class Negotiation final : public StreamTask {
  public:
    /// Called exactly once unless the task is destroyed first, from within a callback of the
    /// stream: the receiver must not destroy the stream there.
    using Done = std::move_only_function<void(Result<NegotiatedStream, OpenError>)>;

    /// The dialler's end.
    Negotiation(Reactor& reactor,
                std::unique_ptr<Stream> stream,
                MultistreamDialer dialer,
                Done done);
    /// The listener's end.
    Negotiation(Reactor& reactor,
                std::unique_ptr<Stream> stream,
                MultistreamListener listener,
                Done done);

  private:
    void data(ByteView bytes) override;
    void data_ended() override;
    void failed(const StreamError& error) override;
    void finish(Result<NegotiatedStream, OpenError> result);

    std::variant<MultistreamDialer, MultistreamListener> machine_;
    Done done_;
    /// The negotiation has failed; only the peer's end is waited for.
    bool is_refusing_ = false;
    Timer deadline_;
};

}  // namespace lepton::libp2p
