// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Peers on a simulated network, for the tests of the QUIC transport: each remembers what its
// connections and streams told it. One thread.
#pragma once

#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/identity.hpp"
#include "libp2p/quic/counters.hpp"
#include "libp2p/quic/transport.hpp"
#include "libp2p/simulation/datagram_network.hpp"
#include "libp2p/simulation/manual_reactor.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::libp2p::test {

using namespace std::chrono_literals;

/// A stream's end that remembers what it was told.
class StreamEnd final : public StreamHandler {
  public:
    explicit StreamEnd(std::unique_ptr<Stream> with_stream) : stream(std::move(with_stream)) {
        if (stream) stream->set_handler(this);
    }
    ~StreamEnd() override {
        if (stream) stream->set_handler(nullptr);
    }

    void on_data(ByteView bytes) override {
        if (keeps_data) append(received, bytes);
        received_size += bytes.size();
        if (consumes) {
            stream->consume(bytes.size());
        } else {
            unconsumed += bytes.size();
        }
        if (on_data_hook) on_data_hook();
    }
    void on_end() override {
        has_ended = true;
        if (on_end_hook) on_end_hook();
    }
    void on_error(const StreamError& with) override {
        error = with;
        if (on_error_hook) on_error_hook();
    }
    void on_writable() override {
        ++writable_calls;
        if (on_writable_hook) on_writable_hook();
    }

    std::string text() const { return std::string{as_text(received)}; }
    void consume_all() { stream->consume(std::exchange(unconsumed, 0)); }

    std::unique_ptr<Stream> stream;
    Bytes received;
    std::size_t received_size = 0;
    std::size_t unconsumed = 0;
    bool keeps_data = true;
    bool consumes = true;
    bool has_ended = false;
    int writable_calls = 0;
    std::optional<StreamError> error;
    std::function<void()> on_data_hook, on_end_hook, on_error_hook, on_writable_hook;
};

/// A connection's end that keeps the streams which the peer opens.
class ConnectionEnd final : public ConnectionHandler {
  public:
    explicit ConnectionEnd(std::unique_ptr<Connection> with_connection)
        : connection(std::move(with_connection)) {
        connection->set_handler(this);
    }

    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        streams.push_back(std::make_unique<StreamEnd>(std::move(stream)));
        if (on_stream_hook) on_stream_hook(*streams.back());
    }
    void on_closed(Connection&, const CloseReason& reason) override {
        closed = reason;
        if (on_closed_hook) on_closed_hook();
    }

    /// Opens a stream; its end is kept here.
    StreamEnd* open() {
        auto stream = connection->open_stream();
        if (!stream) return nullptr;
        opened.push_back(std::make_unique<StreamEnd>(std::move(stream)));
        return opened.back().get();
    }

    std::unique_ptr<Connection> connection;
    std::vector<std::unique_ptr<StreamEnd>> streams;
    std::vector<std::unique_ptr<StreamEnd>> opened;
    std::optional<CloseReason> closed;
    std::function<void(StreamEnd&)> on_stream_hook;
    std::function<void()> on_closed_hook;
};

/// The machine that the peers share, with the network between them.
struct World {
    explicit World(std::uint64_t seed = 1) : random(seed), network(reactor, random) {}

    ManualReactor reactor;
    SeededRandom random;
    DatagramNetwork network;
};

/// Sets the network's tap until the end of its scope: declare it after what the tap captures.
class Watch {
  public:
    Watch(World& world, DatagramNetwork::Tap tap) : world_(world) {
        world_.network.set_tap(std::move(tap));
    }
    ~Watch() { world_.network.set_tap(nullptr); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    World& world_;
};

class Peer {
  public:
    /// Requires another `number` (1 to 250) for each peer of a world.
    Peer(World& in_world, std::uint8_t number, QuicOptions options = {})
        : world(in_world),
          identity(Identity::generate(world.random)),
          transport(
              world.reactor, world.random, identity, metrics, world.network.sockets(), options),
          counters(metrics) {
        address.ip = {10, 0, 0, number};
        address.udp_port = 9000;
    }

    void listen() {
        address = transport
                      .listen(address,
                              [this](std::unique_ptr<Connection> connection) {
                                  accepted.push_back(
                                      std::make_unique<ConnectionEnd>(std::move(connection)));
                                  if (on_accept_hook) on_accept_hook(*accepted.back());
                              })
                      .value();
    }

    /// Returns the address of this peer with its peer id.
    Multiaddr full_address() const {
        Multiaddr full = address;
        full.peer_id = identity.peer_id();
        return full;
    }

    /// Dials and waits for the outcome: the connection's end (kept here), or null and the error in
    /// dial_error.
    ConnectionEnd* dial(const Multiaddr& to, Duration patience = 20s) {
        bool is_done = false;
        ConnectionEnd* end = nullptr;
        dial_error.reset();
        transport.dial(to, [&](Result<std::unique_ptr<Connection>, DialError> result) {
            is_done = true;
            if (!result) {
                dial_error = result.error();
                return;
            }
            dialled.push_back(std::make_unique<ConnectionEnd>(std::move(*result)));
            end = dialled.back().get();
        });
        world.reactor.run_until([&] { return is_done; }, patience);
        return end;
    }

    World& world;
    Metrics metrics;
    Identity identity;
    QuicTransport transport;
    QuicCounters counters;
    Multiaddr address;
    std::vector<std::unique_ptr<ConnectionEnd>> accepted;
    std::vector<std::unique_ptr<ConnectionEnd>> dialled;
    std::optional<DialError> dial_error;
    std::function<void(ConnectionEnd&)> on_accept_hook;
};

}  // namespace lepton::libp2p::test
