// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/multistream.hpp"
#include "libp2p/simulation/test_node.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Written = ResponseChannel::Written;

/// What came of one request.
struct Answer {
    std::vector<std::string> chunks;
    int ends = 0;
    std::vector<RequestError> errors;
    std::size_t chunks_told = 0;
    RequestId id = 0;

    int final_events() const { return ends + static_cast<int>(errors.size()); }
};

/// A peer that writes a fixed answer on each stream, whatever is asked.
struct ScriptedPeer final : ConnectionHandler, StreamHandler {
    ScriptedPeer(SimNetwork& network, ManualReactor& reactor, std::uint32_t number)
        : transport(network.add_endpoint(reactor, sim_public_key(number), sim_ip(number))) {
        address = transport
                      ->listen(Multiaddr{sim_ip(number), 9000, {}},
                               [this](std::unique_ptr<Connection> made) {
                                   made->set_handler(this);
                                   connections.push_back(std::move(made));
                               })
                      .value();
    }

    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        stream->set_handler(this);
        stream->write(script);
        if (finishes) stream->finish();
        streams.push_back(std::move(stream));
    }
    void on_closed(Connection&, const CloseReason&) override {}
    void on_data(ByteView) override {}
    void on_end() override {}
    void on_error(const StreamError&) override {}
    void on_writable() override {}

    static Bytes agree(std::string_view protocol) {
        Bytes out;
        MultistreamLines::append_line(out, "/multistream/1.0.0");
        MultistreamLines::append_line(out, protocol);
        return out;
    }

    Bytes script;
    bool finishes = true;
    std::unique_ptr<Transport> transport;
    Multiaddr address;
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<std::unique_ptr<Stream>> streams;
};

struct RequestResponseTest : testing::Test {
    RequestResponseTest() {
        client.dial(server);
        reactor.run_for(seconds(1));
    }

    /// Asks `peer`; chunks are handled at once unless `is_slow`.
    void ask(Answer& answer, const PeerId& peer, std::string_view text, bool is_slow = false) {
        answer.id = client.swarm.request(
            peer, "/echo/1", framed(text), [this, &answer, is_slow](RequestEvent event) {
                EXPECT_EQ(answer.final_events(), 0) << "nothing follows the final event";
                if (auto* chunk = std::get_if<ResponseChunk>(&event)) {
                    EXPECT_EQ(chunk->request.id, answer.id);
                    answer.chunks.emplace_back(as_text(chunk->data));
                    if (!is_slow) client.swarm.chunk_handled(answer.id);
                } else if (const auto* end = std::get_if<ResponseEnd>(&event)) {
                    ++answer.ends;
                    answer.chunks_told = end->chunks;
                } else {
                    const auto& failure = std::get<RequestFailure>(event);
                    EXPECT_EQ(failure.request.protocol, "/echo/1");
                    answer.errors.push_back(failure.kind);
                    answer.chunks_told = failure.chunks;
                }
            });
    }
    void ask(Answer& answer, std::string_view text = "hello", bool is_slow = false) {
        ask(answer, server.id(), text, is_slow);
    }
    InboundRequest& request(std::size_t index = 0) {
        return *server.all<InboundRequest>().at(index);
    }
    std::vector<ResponseResult> results() {
        std::vector<ResponseResult> out;
        for (const ResponseOutcome* outcome : server.all<ResponseOutcome>()) {
            out.push_back(outcome->result);
        }
        return out;
    }
    double refused(const std::string& reason) {
        return server.counter("libp2p_requests_refused_total",
                              "Requests of peers that were not handed over, by reason.",
                              "reason",
                              reason);
    }

    /// Outlive the swarms, which owe them a final event.
    std::deque<Answer> answers;
    ManualReactor reactor;
    SeededRandom random{1};
    SimNetwork network{random};
    TestNode client{network, reactor, 1};
    TestNode server{network, reactor, 2};
};

// ---- how a request may end

TEST_F(RequestResponseTest, a_request_is_answered_with_chunks_and_an_end) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    EXPECT_EQ(client.swarm.requests_in_flight(), 1u);
    reactor.run_for(milliseconds(200));
    const InboundRequest& inbound = request();
    EXPECT_EQ(as_text(inbound.data), "hello");
    EXPECT_EQ(inbound.request.peer, client.id());
    EXPECT_EQ(inbound.request.protocol, "/echo/1");
    EXPECT_EQ(request().channel.write(framed("one")), Written::queued);
    EXPECT_EQ(request().channel.write(framed("two")), Written::queued);
    reactor.run_for(milliseconds(200));
    EXPECT_EQ(answer.chunks, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(answer.ends, 0);
    request().channel.finish();
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.ends, 1);
    EXPECT_EQ(answer.chunks_told, 2u);
    EXPECT_EQ(results(), std::vector{ResponseResult::sent});
    EXPECT_EQ(request().channel.write(framed("late")), Written::gone);
    EXPECT_EQ(client.swarm.requests_in_flight(), 0u);
    EXPECT_EQ(server.swarm.responses_in_flight(), 0u);
}

TEST_F(RequestResponseTest, an_answer_without_chunks_is_a_success) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(200));
    request().channel.finish();
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.ends, 1);
    EXPECT_EQ(answer.chunks_told, 0u);
}

TEST_F(RequestResponseTest, a_peer_that_is_not_connected_is_an_error_that_comes_later) {
    Answer& answer = answers.emplace_back();
    ask(answer, PeerId::from_public_key(sim_public_key(9)), "hello");
    EXPECT_EQ(answer.final_events(), 0);
    reactor.run_for(milliseconds(1));
    EXPECT_EQ(answer.errors, std::vector{RequestError::no_peer});
}

TEST_F(RequestResponseTest, a_protocol_that_the_peer_does_not_speak_is_told_apart) {
    SwarmConfig config = test_swarm_config(3);
    config.requests.clear();
    TestNode other(network, reactor, config, 3);
    client.dial(other);
    reactor.run_for(seconds(1));
    Answer& answer = answers.emplace_back();
    ask(answer, other.id(), "hello");
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.errors, std::vector{RequestError::unsupported_protocol});
}

TEST_F(RequestResponseTest, a_destroyed_channel_resets_the_stream) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(200));
    {
        const ResponseChannel dropped = std::move(request().channel);
    }
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.errors, std::vector{RequestError::reset});
    EXPECT_EQ(results(), std::vector{ResponseResult::abandoned});
    EXPECT_EQ(server.all<ResponseOutcome>()[0]->request.id, request().request.id);
    EXPECT_EQ(server.all<ResponseOutcome>()[0]->request.peer, client.id());
}

TEST_F(RequestResponseTest, a_server_that_never_answers_times_out) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(9900));
    EXPECT_EQ(answer.final_events(), 0);
    reactor.run_for(milliseconds(200));
    EXPECT_EQ(answer.errors, std::vector{RequestError::timeout});
    reactor.run_for(seconds(1));
    EXPECT_EQ(results(), std::vector{ResponseResult::reset});
}

TEST_F(RequestResponseTest, the_next_chunk_has_a_deadline_of_its_own) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(seconds(9));
    EXPECT_EQ(request().channel.write(framed("one")), Written::queued);
    reactor.run_for(seconds(9));
    EXPECT_EQ(answer.final_events(), 0);
    reactor.run_for(seconds(2));
    EXPECT_EQ(answer.errors, std::vector{RequestError::timeout});
    EXPECT_EQ(answer.chunks_told, 1u);
}

TEST_F(RequestResponseTest, the_whole_exchange_has_a_deadline) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    for (int i = 0; i < 7; ++i) {
        reactor.run_for(seconds(9));
        if (answer.final_events() == 0) {
            EXPECT_EQ(request().channel.write(framed("more")), Written::queued);
        }
    }
    EXPECT_EQ(answer.errors, std::vector{RequestError::timeout});
    reactor.run_for(seconds(1));
    EXPECT_EQ(results().size(), 1u);
}

TEST_F(RequestResponseTest, a_lost_connection_is_a_reset_on_both_sides) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(200));
    EXPECT_EQ(request().channel.write(framed("one")), Written::queued);
    network.drop_connections(client.id(), server.id());
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.errors, std::vector{RequestError::reset});
    EXPECT_EQ(results(), std::vector{ResponseResult::reset});
    EXPECT_EQ(request().channel.write(framed("two")), Written::gone);
}

TEST_F(RequestResponseTest, bad_answers_have_their_kind) {
    struct Row {
        const char* name;
        Bytes answer;
        bool finishes;
        RequestError expected;
        std::size_t chunks;
    };
    Bytes half = framed("whole");
    append(half, Bytes{10, 'h', 'a', 'l', 'f'});
    Bytes huge;
    append_varint(huge, 4'000'001);
    const Row table[] = {
        {"half a message", half, true, RequestError::malformed, 1},
        {"a message beyond the limit", huge, false, RequestError::too_large, 0},
        {"no length", Bytes(10, 0xff), false, RequestError::malformed, 0},
        {"half a message and silence", half, false, RequestError::timeout, 1},
    };
    std::uint32_t number = 50;
    for (const Row& row : table) {
        ScriptedPeer peer(network, reactor, ++number);
        peer.script = ScriptedPeer::agree("/echo/1");
        append(peer.script, row.answer);
        peer.finishes = row.finishes;
        client.swarm.dial(peer.address, [](DialOutcome) {});
        reactor.run_for(seconds(1));
        Answer& answer = answers.emplace_back();
        ask(answer, *peer.address.peer_id, "hello");
        reactor.run_for(seconds(21));
        EXPECT_EQ(answer.errors, std::vector{row.expected}) << row.name;
        EXPECT_EQ(answer.chunks_told, row.chunks) << row.name;
    }
    EXPECT_EQ(client.swarm.requests_in_flight(), 0u);
}

TEST_F(RequestResponseTest, a_peer_that_does_not_negotiate_is_an_error) {
    const std::pair<Bytes, RequestError> table[] = {
        {Bytes{}, RequestError::reset},  // the end, at once
        {to_bytes(as_bytes("\x05HTTP/1.1 400 Bad Request\r\n\r\n")), RequestError::malformed},
        {ScriptedPeer::agree("/other/1"), RequestError::malformed},
        {ScriptedPeer::agree("na"), RequestError::unsupported_protocol},
    };
    std::uint32_t number = 60;
    for (const auto& [script, expected] : table) {
        ScriptedPeer peer(network, reactor, ++number);
        peer.script = script;
        client.swarm.dial(peer.address, [](DialOutcome) {});
        reactor.run_for(seconds(1));
        Answer& answer = answers.emplace_back();
        ask(answer, *peer.address.peer_id, "hello");
        reactor.run_for(seconds(6));
        EXPECT_EQ(answer.errors, std::vector{expected}) << as_text(script);
    }
    ScriptedPeer silent(network, reactor, ++number);
    silent.finishes = false;
    client.swarm.dial(silent.address, [](DialOutcome) {});
    reactor.run_for(seconds(1));
    Answer& answer = answers.emplace_back();
    ask(answer, *silent.address.peer_id, "hello");
    reactor.run_for(seconds(6));
    EXPECT_EQ(answer.errors, std::vector{RequestError::timeout});
}

TEST_F(RequestResponseTest, a_third_request_of_a_protocol_to_a_peer_is_one_too_many) {
    Answer& first = answers.emplace_back();
    Answer& second = answers.emplace_back();
    Answer& third = answers.emplace_back();
    ask(first);
    ask(second);
    ask(third);
    reactor.run_for(milliseconds(200));
    EXPECT_EQ(third.errors, std::vector{RequestError::limit});
    EXPECT_EQ(server.all<InboundRequest>().size(), 2u);
    for (InboundRequest* inbound : server.all<InboundRequest>()) inbound->channel.finish();
    reactor.run_for(seconds(1));
    EXPECT_EQ(first.ends + second.ends, 2);
    Answer& fourth = answers.emplace_back();
    ask(fourth);
    reactor.run_for(milliseconds(200));
    EXPECT_EQ(fourth.final_events(), 0);
}

TEST_F(RequestResponseTest, stopping_the_server_ends_its_answers) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(200));
    server.swarm.stop();
    EXPECT_EQ(results(), std::vector{ResponseResult::stopped});
    EXPECT_EQ(request().channel.write(framed("one")), Written::gone);
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.errors, std::vector{RequestError::reset});
}

TEST_F(RequestResponseTest, a_channel_may_outlive_its_swarm) {
    std::optional<ResponseChannel> channel;
    {
        TestNode other(network, reactor, 3);
        client.dial(other);
        reactor.run_for(seconds(1));
        Answer& answer = answers.emplace_back();
        ask(answer, other.id(), "hello");
        reactor.run_for(milliseconds(200));
        channel = std::move(other.all<InboundRequest>().at(0)->channel);
        EXPECT_EQ(channel->write(framed("one")), Written::queued);
        reactor.run_for(seconds(12));
        EXPECT_EQ(answer.final_events(), 1);
    }
    EXPECT_EQ(channel->write(framed("two")), Written::gone);
    channel->finish();
}

// ---- flow

TEST_F(RequestResponseTest, a_large_answer_streams_through_a_bounded_queue) {
    Answer& answer = answers.emplace_back();
    ask(answer);
    reactor.run_for(milliseconds(200));
    const std::size_t chunk_size = 200'000;
    const std::size_t total = 200;
    std::size_t written = 0;
    std::size_t fulls = 0;
    const auto write_on = [&] {
        while (written < total) {
            Bytes chunk = framed(Bytes(chunk_size, static_cast<std::uint8_t>(written)));
            const Bytes copy = chunk;
            const Written result = request().channel.write(std::move(chunk));
            if (result == Written::full) {
                EXPECT_EQ(chunk, copy) << "nothing was taken";
                ++fulls;
                return;
            }
            ASSERT_EQ(result, Written::queued);
            ++written;
        }
        request().channel.finish();
    };
    write_on();
    // One window of the stream is on its way, the rest waits.
    EXPECT_LE(written * chunk_size, 1024 * 1024 + kResponseQueueMax + 2 * chunk_size);
    std::size_t told = 0;
    for (int i = 0; i < 1000 && answer.final_events() == 0; ++i) {
        reactor.run_for(milliseconds(50));
        for (; told < server.all<ResponseWritable>().size(); ++told) write_on();
    }
    EXPECT_GT(fulls, 5u);
    EXPECT_EQ(answer.ends, 1);
    ASSERT_EQ(answer.chunks.size(), total);
    for (std::size_t i = 0; i < total; ++i) {
        EXPECT_EQ(answer.chunks[i], std::string(chunk_size, static_cast<char>(i))) << i;
    }
    reactor.run_for(seconds(1));
    EXPECT_EQ(results(), std::vector{ResponseResult::sent});
}

TEST_F(RequestResponseTest, an_application_that_is_behind_stops_the_peer) {
    Answer& answer = answers.emplace_back();
    ask(answer, "hello", true);
    reactor.run_for(milliseconds(200));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(request().channel.write(framed("chunk " + std::to_string(i))), Written::queued);
    }
    request().channel.finish();
    reactor.run_for(seconds(30));
    const std::size_t first = answer.chunks.size();
    EXPECT_GE(first, kUnhandledChunksMax);
    EXPECT_EQ(answer.final_events(), 0) << "its own slowness is not the peer's timeout";
    for (int i = 0; i < 100; ++i) client.swarm.chunk_handled(answer.id);
    reactor.run_for(seconds(1));
    EXPECT_EQ(answer.chunks.size(), 100u);
    EXPECT_EQ(answer.ends, 1);
}

TEST_F(RequestResponseTest, a_paused_request_holds_no_more_than_its_limits) {
    Answer& answer = answers.emplace_back();
    ask(answer, "hello", true);
    reactor.run_for(milliseconds(200));
    std::size_t written = 0;
    for (int i = 0; i < 300; ++i) {
        if (request().channel.write(framed(Bytes(100'000, 1))) == Written::queued) ++written;
        reactor.run_for(milliseconds(20));
    }
    EXPECT_LE(answer.chunks.size(), kUnhandledChunksMax);
    EXPECT_LE(written * 100'000,
              kUnhandledChunksMax * 100'000 + 1024 * 1024 + kResponseQueueMax + 200'000);
}

TEST_F(RequestResponseTest, a_reader_that_takes_nothing_is_given_up) {
    Answer& answer = answers.emplace_back();
    ask(answer, "hello", true);
    reactor.run_for(milliseconds(200));
    while (request().channel.write(framed(Bytes(100'000, 1))) == Written::queued) {
        reactor.run_for(milliseconds(50));
    }
    reactor.run_for(seconds(9));
    EXPECT_TRUE(results().empty());
    reactor.run_for(seconds(3));
    EXPECT_EQ(results(), std::vector{ResponseResult::timeout});
    EXPECT_EQ(answer.errors, std::vector{RequestError::reset});
    EXPECT_EQ(server.swarm.responses_in_flight(), 0u);
}

// ---- hostile clients

/// A client that writes what the test says.
struct RawClient final : ConnectionHandler, StreamHandler {
    RawClient(SimNetwork& network, ManualReactor& reactor, const TestNode& to)
        : transport(network.add_endpoint(reactor, sim_public_key(77), sim_ip(77))) {
        transport->dial(to.address, [this](Result<std::unique_ptr<Connection>, DialError> made) {
            connection = std::move(*made);
            connection->set_handler(this);
        });
        reactor.run_for(seconds(1));
    }
    Stream& send(ByteView request) {
        Bytes flight = ScriptedPeer::agree("/echo/1");
        append(flight, request);
        streams.push_back(connection->open_stream());
        streams.back()->set_handler(this);
        streams.back()->write(std::move(flight));
        return *streams.back();
    }
    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        stream->set_handler(&other);
        inbound.push_back(std::move(stream));
    }
    void on_closed(Connection&, const CloseReason&) override {}
    void on_data(ByteView bytes) override { append(received, bytes); }
    void on_end() override { ++ends; }
    void on_error(const StreamError&) override { ++resets; }
    void on_writable() override {}

    struct Other final : StreamHandler {
        void on_data(ByteView) override {}
        void on_end() override {}
        void on_error(const StreamError&) override {}
        void on_writable() override {}
    } other;
    std::unique_ptr<Transport> transport;
    std::unique_ptr<Connection> connection;
    std::vector<std::unique_ptr<Stream>> streams;
    std::vector<std::unique_ptr<Stream>> inbound;
    Bytes received;
    int ends = 0;
    int resets = 0;
};

TEST_F(RequestResponseTest, a_request_is_whole_without_the_end_of_the_stream) {
    RawClient raw(network, reactor, server);
    Stream& stream = raw.send(framed("hello"));
    reactor.run_for(seconds(1));
    ASSERT_EQ(server.all<InboundRequest>().size(), 1u);
    EXPECT_EQ(request().channel.write(framed("one")), Written::queued);
    request().channel.finish();
    reactor.run_for(seconds(1));
    EXPECT_EQ(raw.ends, 1);
    EXPECT_EQ(raw.resets, 0) << "it may still be reading";
    EXPECT_EQ(results(), std::vector{ResponseResult::sent});
    stream.finish();
    reactor.run_for(seconds(1));
    EXPECT_EQ(server.swarm.responses_in_flight(), 0u);
    EXPECT_EQ(results().size(), 1u);
}

TEST_F(RequestResponseTest, bad_requests_are_refused_with_a_reason) {
    struct Row {
        Bytes request;
        bool finishes;
        const char* reason;
    };
    Bytes huge;
    append_varint(huge, 1001);
    Bytes long_request = framed(Bytes(1000, 1));
    const Row table[] = {
        {huge, false, "too_large"},
        {Bytes(11, 0xff), false, "malformed"},
        {Bytes{}, true, "malformed"},
        {Bytes{5, 'h'}, true, "malformed"},
        {Bytes{5, 'h'}, false, "timeout"},
    };
    RawClient raw(network, reactor, server);
    int resets = 0;
    for (const Row& row : table) {
        const double before = refused(row.reason);
        Stream& stream = raw.send(row.request);
        if (row.finishes) stream.finish();
        reactor.run_for(seconds(11));
        EXPECT_EQ(refused(row.reason), before + 1) << row.reason;
        EXPECT_EQ(raw.resets, ++resets) << row.reason;
    }
    EXPECT_TRUE(server.all<InboundRequest>().empty());
    raw.send(long_request);
    reactor.run_for(seconds(1));
    EXPECT_EQ(server.all<InboundRequest>().size(), 1u) << "the largest request is accepted";
}

TEST_F(RequestResponseTest, requests_beyond_the_concurrency_are_refused) {
    RawClient raw(network, reactor, server);
    for (int i = 0; i < 5; ++i) raw.send(framed("hello"));
    reactor.run_for(seconds(1));
    EXPECT_EQ(server.all<InboundRequest>().size(), 2u);
    EXPECT_EQ(refused("busy"), 3);
    EXPECT_EQ(raw.resets, 3);
}

TEST_F(RequestResponseTest, requests_beyond_the_rate_are_refused_until_time_has_passed) {
    SwarmConfig config = test_swarm_config(4);
    config.requests[0].rate = {3, seconds(30)};
    TestNode strict(network, reactor, config, 4);
    RawClient raw(network, reactor, strict);
    std::size_t answered = 0;
    const auto ask_once = [&] {
        raw.send(framed("hello")).finish();
        reactor.run_for(milliseconds(500));
        const auto inbound = strict.all<InboundRequest>();
        for (; answered < inbound.size(); ++answered) inbound[answered]->channel.finish();
        reactor.run_for(milliseconds(500));
    };
    for (int i = 0; i < 6; ++i) ask_once();
    EXPECT_EQ(answered, 3u);
    EXPECT_EQ(strict.counter("libp2p_requests_refused_total",
                             "Requests of peers that were not handed over, by reason.",
                             "reason",
                             "rate"),
              3);
    reactor.run_for(seconds(6));
    ask_once();
    EXPECT_EQ(answered, 4u) << "one more after a third of the interval";
}

TEST_F(RequestResponseTest, dripping_clients_hold_nothing_for_long) {
    RawClient raw(network, reactor, server);
    Stream& a = raw.send(Bytes{100});
    Stream& b = raw.send(Bytes{100});
    for (int i = 0; i < 12; ++i) {
        a.write({'x'});
        b.write({'x'});
        reactor.run_for(seconds(1));
    }
    EXPECT_EQ(raw.resets, 2);
    EXPECT_EQ(server.swarm.responses_in_flight(), 0u);
    raw.send(framed("hello"));
    reactor.run_for(seconds(1));
    EXPECT_EQ(server.all<InboundRequest>().size(), 1u);
}

}  // namespace
}  // namespace lepton::libp2p
