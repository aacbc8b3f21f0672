// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Secure, multiplexed connections between peers, as the upper layers see them. Two implementations:
// QUIC (quic/) and the simulated network of the tests. Everything here runs on the reactor's
// thread; no call below re-enters its caller: every callback comes from the reactor's loop, never
// from within a call of the user's.
#pragma once

#include "base/bytes.hpp"
#include "libp2p/multiaddr.hpp"
#include "libp2p/peer_id.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lepton::libp2p {

/// Why a stream ended without both sides finishing it.
struct StreamError {
    /// Application error code of the side that reset it; 0 when unknown.
    std::uint64_t code = 0;
    std::string what;
};

/// What happens on a stream. Set by its user; called on the reactor's thread.
class StreamHandler {
  public:
    virtual ~StreamHandler() = default;

    /// Bytes arrived, in order. They count as unread (flow control) until Stream::consume returns
    /// the credit.
    virtual void on_data(ByteView bytes) = 0;
    /// The peer finished its side: no more on_data.
    virtual void on_end() = 0;
    /// The stream is gone (reset by the peer, or the connection ended). Last call; not made after
    /// Stream::reset.
    virtual void on_error(const StreamError& error) = 0;
    /// What was queued has shrunk below Stream::kQueueSizeLow, after it had been at or above it.
    virtual void on_writable() = 0;
};

/// One bidirectional byte stream. The object belongs to its user: destroying it resets what is not
/// finished. After finish() and on_end() nothing is left to reset: what is still queued is sent.
class Stream {
  public:
    /// Bytes that may wait in one stream before write refuses: one message of the largest size the
    /// lean network allows (12,234,442 bytes) and what is around it.
    static constexpr std::size_t kQueueSizeMax = 16 * 1024 * 1024;
    static constexpr std::size_t kQueueSizeLow = 256 * 1024;

    virtual ~Stream() = default;

    /// `handler` must outlive the stream or be replaced before it dies; nullptr: incoming bytes
    /// wait (bounded by the flow-control window).
    virtual void set_handler(StreamHandler* handler) = 0;

    /// Queues `bytes` for sending and returns true; false, with nothing taken, when they do not fit
    /// into kQueueSizeMax, or when the stream was finished or is gone.
    virtual bool write(Bytes bytes) = 0;
    virtual std::size_t queued_size() const = 0;

    /// Returns flow-control credit for `size` bytes given to on_data earlier.
    virtual void consume(std::size_t size) = 0;

    /// Finishes the sending side once everything queued is sent.
    virtual void finish() = 0;
    /// Ends both sides now and drops what is queued.
    virtual void reset(std::uint64_t code) = 0;
};

enum class CloseCause : std::uint8_t { local, remote, timeout, error };

/// Why a connection ended; `what` is one line for the log (text from the peer is escaped).
struct CloseReason {
    CloseCause cause = CloseCause::error;
    std::string what;
};

class Connection;

class ConnectionHandler {
  public:
    virtual ~ConnectionHandler() = default;

    /// The peer opened a stream. Set its handler before returning.
    virtual void on_stream(Connection& connection, std::unique_ptr<Stream> stream) = 0;
    /// Last call for this connection; all its streams have been told.
    virtual void on_closed(Connection& connection, const CloseReason& reason) = 0;
};

/// One authenticated connection. The object belongs to its user and may be destroyed at any time
/// (that closes it).
class Connection {
  public:
    virtual ~Connection() = default;

    virtual void set_handler(ConnectionHandler* handler) = 0;
    /// The peer that proved its identity in the handshake.
    virtual const PeerId& peer_id() const = 0;
    /// The peer's identity key in protobuf form.
    virtual ByteView peer_public_key() const = 0;
    virtual const Multiaddr& remote_address() const = 0;
    /// True when this side dialled.
    virtual bool is_outbound() const = 0;

    /// Returns a new stream; nullptr when the peer's stream limit is reached or the connection is
    /// ending.
    virtual std::unique_ptr<Stream> open_stream() = 0;
    /// Starts an orderly close; on_closed follows.
    virtual void close(std::uint64_t code, std::string_view why) = 0;
};

enum class DialErrorKind : std::uint8_t {
    bad_address,
    refused,
    timeout,
    wrong_peer,
    limit,
    stopped,
    other
};

struct DialError {
    DialErrorKind kind = DialErrorKind::other;
    std::string what;
};

class Transport {
  public:
    using DialDone = std::move_only_function<void(Result<std::unique_ptr<Connection>, DialError>)>;
    using Accept = std::move_only_function<void(std::unique_ptr<Connection>)>;

    virtual ~Transport() = default;

    /// Starts to accept connections at `address` (port 0: any) and returns the address in use.
    virtual Result<Multiaddr, IoError> listen(const Multiaddr& address, Accept accept) = 0;

    /// Dials `address`. `done` is called exactly once, later, also for errors found at once;
    /// success means that both sides have accepted the other's identity. A peer id in the address
    /// must match, else wrong_peer.
    virtual void dial(const Multiaddr& address, DialDone done) = 0;

    /// Closes every connection, answers pending dials with `stopped`, and lets go of the socket.
    virtual void stop() = 0;
};

}  // namespace lepton::libp2p
