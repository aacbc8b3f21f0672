// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/simulation/manual_reactor.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "libp2p/swarm.hpp"
#include "libp2p/varint.hpp"
#include "p2p/message_id.hpp"
#include "p2p/request_codec.hpp"
#include "p2p/request_protocols.hpp"
#include "p2p/topics.hpp"

#include <array>
#include <set>

namespace lepton::fuzz {
namespace {

using namespace libp2p;
using std::chrono::milliseconds;

constexpr std::size_t kStreamsMax = 16;

const NetworkProfile& profile() {
    static const NetworkProfile result = network_profile("leanspec-test").value();
    return result;
}

std::string block_topic() {
    return p2p::topic_name(profile().fork_digest, {p2p::TopicKind::block, {}});
}

/// What the peer opens streams for; the last is what nobody speaks.
const std::vector<std::string>& protocols() {
    static const std::vector<std::string> result{
        std::string(kIdentifyProtocol),
        std::string(kIdentifyPushProtocol),
        std::string(gossipsub::kProtocols[0].first),
        std::string(p2p::protocol_id(p2p::RequestProtocol::status)),
        std::string(p2p::protocol_id(p2p::RequestProtocol::blocks_by_root)),
        std::string(p2p::protocol_id(p2p::RequestProtocol::blocks_by_range)),
        "/ipfs/ping/1.0.0",
        "/unknown/1"};
    return result;
}

/// The end of the peer whose every byte is the input's: takes what comes and looks at nothing.
class Sink final : public StreamHandler {
  public:
    explicit Sink(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {
        stream_->set_handler(this);
    }
    Stream* stream() { return is_gone_ ? nullptr : stream_.get(); }

  private:
    void on_data(ByteView bytes) override { stream_->consume(bytes.size()); }
    void on_end() override {}
    void on_error(const StreamError&) override { is_gone_ = true; }
    void on_writable() override {}

    std::unique_ptr<Stream> stream_;
    bool is_gone_ = false;
};

/// A swarm as the node runs it, and one peer.
class Session final : public ConnectionHandler {
  public:
    Session() {
        swarm_.subscribe(block_topic());
        const Multiaddr address = swarm_.listen({sim_ip(1), 9000, {}}).value();
        peer_->dial(address, [this](Result<std::unique_ptr<Connection>, DialError> dialled) {
            LEPTON_ASSERT(dialled.has_value());
            connection_ = std::move(*dialled);
            connection_->set_handler(this);
        });
        reactor_.run_for(milliseconds(10));
        LEPTON_ASSERT(connection_ && swarm_.peer_count() == 1);
    }

    ~Session() override {
        swarm_.stop();
        LEPTON_ASSERT(requests_asked_ == requests_ended_);
        LEPTON_ASSERT(swarm_.requests_in_flight() == 0 && swarm_.responses_in_flight() == 0);
    }

    void step(ByteView& input) {
        const std::uint8_t what = take_byte(input);
        const std::size_t which = what / 8;
        switch (what % 8) {
            case 0:
                open(take_bytes(input, take_byte(input)));
                break;
            case 1: {
                Bytes negotiation =
                    MultistreamDialer({protocols()[which % protocols().size()]}).first_flight();
                append(negotiation, take_bytes(input, take_number(input, 2)));
                open(negotiation);
                break;
            }
            case 2: {
                const ByteView bytes = take_bytes(input, take_number(input, 2));
                if (Stream* stream = stream_of(which)) stream->write(to_bytes(bytes));
                break;
            }
            case 3:
                if (Stream* stream = stream_of(which)) stream->finish();
                break;
            case 4:
                if (which < streams_.size() && streams_[which]) {
                    if (Stream* stream = streams_[which]->stream()) stream->reset(1);
                    streams_[which].reset();
                }
                break;
            case 5:
                reactor_.run_for(milliseconds(1 + 100 * take_byte(input)));
                break;
            case 6:
                ask(p2p::kRequestProtocols[which % p2p::kRequestProtocols.size()]);
                break;
            case 7:
                network_.drop_connections(swarm_.peer_id(),
                                          PeerId::from_public_key(sim_public_key(2)));
                break;
        }
        reactor_.run_for(milliseconds(5));
        LEPTON_ASSERT(swarm_.peer_count() <= 1);
    }

  private:
    static SwarmConfig config() {
        SwarmConfig config;
        config.public_key = sim_public_key(1);
        config.gossip.topics = {{block_topic(), 10'000}};
        config.gossip_transform = p2p::message_transform(profile());
        config.requests = p2p::swarm_protocols();
        return config;
    }
    static SimNetworkOptions options() {
        return {.latency_min = milliseconds(1), .latency_max = milliseconds(1)};
    }

    void on_stream(Connection&, std::unique_ptr<Stream> stream) override {
        keep(std::move(stream));
    }
    void on_closed(Connection&, const CloseReason&) override { is_closed_ = true; }

    void open(ByteView bytes) {
        if (is_closed_ || streams_.size() >= kStreamsMax) return;
        auto stream = connection_->open_stream();
        if (!stream) return;
        stream->write(to_bytes(bytes));
        keep(std::move(stream));
    }
    void keep(std::unique_ptr<Stream> stream) {
        if (streams_.size() < kStreamsMax)
            streams_.push_back(std::make_unique<Sink>(std::move(stream)));
    }
    Stream* stream_of(std::size_t number) {
        return number < streams_.size() && streams_[number] ? streams_[number]->stream() : nullptr;
    }

    void ask(p2p::RequestProtocol protocol) {
        if (!swarm_.is_connected(PeerId::from_public_key(sim_public_key(2)))) return;
        ++requests_asked_;
        auto id = std::make_shared<RequestId>(0);
        *id = swarm_.request(PeerId::from_public_key(sim_public_key(2)),
                             p2p::protocol_id(protocol),
                             p2p::encode_request(Bytes(80, 0)),
                             [this, id](RequestEvent event) {
                                 if (std::holds_alternative<libp2p::ResponseChunk>(event)) {
                                     swarm_.chunk_handled(*id);
                                 } else {
                                     ++requests_ended_;
                                 }
                             });
    }

    void on_event(SwarmEvent event) {
        if (auto* request = std::get_if<InboundRequest>(&event)) {
            LEPTON_ASSERT(open_responses_.insert(request->request.id).second);
            (void)request->channel.write(p2p::encode_response_chunk(Bytes(80, 1)));
            request->channel.finish();
        } else if (const auto* outcome = std::get_if<ResponseOutcome>(&event)) {
            LEPTON_ASSERT(open_responses_.erase(outcome->request.id) == 1);
        } else if (const auto* message = std::get_if<GossipMessage>(&event)) {
            LEPTON_ASSERT(message->topic == block_topic());
            swarm_.report_validation(message->id, message->peer, gossipsub::Verdict::accept);
        }
    }

    /// Made once: it costs more than the rest.
    static Metrics& metrics() {
        static Metrics result;
        return result;
    }

    SeededRandom random_{1};
    ManualReactor reactor_;
    SimNetwork network_{random_, options()};
    std::set<RequestId> open_responses_;
    std::size_t requests_asked_ = 0;
    std::size_t requests_ended_ = 0;
    Swarm swarm_{reactor_,
                 network_.add_endpoint(reactor_, sim_public_key(1), sim_ip(1)),
                 random_,
                 metrics(),
                 config(),
                 [this](SwarmEvent event) { on_event(std::move(event)); }};
    std::unique_ptr<Transport> peer_ =
        network_.add_endpoint(reactor_, sim_public_key(2), sim_ip(2));
    bool is_closed_ = false;
    std::unique_ptr<Connection> connection_;
    std::vector<std::unique_ptr<Sink>> streams_;
};

/// Input: steps, each a byte that says what the peer does with which of its streams.
void run(ByteView input) {
    Session session;
    while (!input.empty()) session.step(input);
}

Bytes speak(std::uint8_t protocol, ByteView bytes) {
    return joined({Bytes{static_cast<std::uint8_t>(protocol * 8 + 1),
                         static_cast<std::uint8_t>(bytes.size() >> 8),
                         static_cast<std::uint8_t>(bytes.size())},
                   bytes});
}

Bytes write_to(std::uint8_t stream, ByteView bytes) {
    return joined({Bytes{static_cast<std::uint8_t>(stream * 8 + 2),
                         static_cast<std::uint8_t>(bytes.size() >> 8),
                         static_cast<std::uint8_t>(bytes.size())},
                   bytes});
}

std::vector<Bytes> seeds() {
    const auto finish = [](std::uint8_t stream) {
        return Bytes{static_cast<std::uint8_t>(stream * 8 + 3)};
    };
    const std::string topic = block_topic();
    gossipsub::Rpc rpc;
    rpc.subscriptions = {{true, topic}};
    rpc.graft = {topic};
    const Bytes snappy{1, 0, 7};
    rpc.messages = {{topic, snappy, false}};
    IdentifyInfo info;
    info.agent_version = "peer/1";
    info.public_key = sim_public_key(2);
    info.protocols = protocols();
    const Bytes identify = encode_identify(info);
    Bytes framed;
    append_varint(framed, identify.size());
    append(framed, identify);
    std::vector<Bytes> seeds;
    seeds.push_back(joined({speak(2, gossipsub::encode_frame(rpc)), Bytes{5, 9}}));
    seeds.push_back(joined({speak(1, framed), Bytes{5, 9}}));
    for (std::uint8_t i = 3; i < 6; ++i) {
        seeds.push_back(
            joined({speak(i, p2p::encode_request(Bytes(i == 5 ? 16 : 80, 0))), Bytes{5, 9}}));
    }
    seeds.push_back(joined({speak(6, Bytes(32, 5)), Bytes{5, 1}, Bytes{4}, Bytes{5, 60}}));
    seeds.push_back(joined({speak(7, Bytes{1}), Bytes{7}, Bytes{5, 200}}));
    // The swarm asks, and the peer answers on whichever stream that is.
    Bytes answer = MultistreamDialer({protocols()[3]}).first_flight();
    append(answer, p2p::encode_response_chunk(Bytes(80, 1)));
    Bytes asked{5, 1, 6};
    for (std::uint8_t i = 0; i < 4; ++i) append(asked, joined({write_to(i, answer), finish(i)}));
    append(asked, Bytes{5, 50});
    seeds.push_back(asked);
    return seeds;
}

const Registration kTarget({"swarm", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
