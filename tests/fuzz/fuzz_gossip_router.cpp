// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/frame_reader.hpp"
#include "libp2p/gossipsub/router.hpp"
#include "libp2p/simulation/sim_identity.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace libp2p;
using namespace libp2p::gossipsub;

constexpr std::uint32_t kPeers = 3;

/// A router, and peers that say what the input says.
class Session {
  public:
    Session() {
        router_.subscribe("/block", now_);
        for (std::uint32_t i = 0; i < kPeers; ++i) {
            router_.add_peer(peer(i), i == 0, now_);
            router_.open_output(peer(i), i == 0 ? Version::v1_2 : Version::v1_1);
        }
    }

    void step(ByteView& input) {
        const std::uint8_t what = take_byte(input);
        const PeerId& from = peer(what / 8 % kPeers);
        switch (what % 8) {
            case 0:
                now_ += std::chrono::milliseconds(take_byte(input) * 100);
                router_.heartbeat(now_);
                break;
            case 1:
                if (!is_here(from)) break;
                router_.remove_peer(from, now_);
                std::erase(here_, from);
                break;
            case 2:
                if (is_here(from)) break;
                router_.add_peer(from, false, now_);
                router_.open_output(from, Version::v1_2);
                here_.push_back(from);
                break;
            case 3:
                (void)router_.publish("/block", to_bytes(take_bytes(input, 16)), now_);
                break;
            default:
                if (is_here(from))
                    router_.on_rpc(from, take_bytes(input, take_number(input, 2)), now_);
                break;
        }
        settle(static_cast<Verdict>(what % 3));
    }

  private:
    static const PeerId& peer(std::uint32_t number) {
        static const std::vector<PeerId> peers = [] {
            std::vector<PeerId> all;
            for (std::uint32_t i = 0; i < kPeers; ++i) {
                all.push_back(PeerId::from_public_key(sim_public_key(i + 1)));
            }
            return all;
        }();
        return peers[number];
    }

    static Config config() {
        Config config;
        config.topics = {{"/block", 500}, {"/vote", 50}};
        return config;
    }

    /// "!" makes a payload that cannot be read; its first bytes are its id.
    static Result<Transformed, std::string> transform(std::string_view, ByteView raw) {
        if (as_text(raw).starts_with('!')) return std::unexpected("unreadable");
        MessageId id{};
        std::ranges::copy(raw.first(std::min(raw.size(), id.size())), id.begin());
        return Transformed{id, to_bytes(raw)};
    }

    bool is_here(const PeerId& id) const { return std::ranges::find(here_, id) != here_.end(); }

    void settle(Verdict verdict) {
        const Effects effects = router_.take_effects();
        for (const Delivery& delivery : effects.deliveries) {
            // Only what is subscribed and fits is delivered.
            LEPTON_ASSERT(delivery.topic == "/block" && delivery.raw_size <= 500);
            router_.report_validation(delivery.id, delivery.peer, verdict, now_);
        }
        for (const PeerId& id : here_) {
            while (const auto frame = router_.next_frame(id)) {
                // What lepton sends is a frame that lepton would read.
                std::size_t frames = 0;
                FrameReader reader(kRpcSizeMax);
                const auto fed = reader.feed(*frame, [&](ByteView rpc) {
                    const auto decoded = decode_rpc(rpc);
                    LEPTON_ASSERT(decoded && !decoded->control_too_large);
                    ++frames;
                });
                LEPTON_ASSERT(fed && frames == 1 && reader.partial_size() == 0);
            }
        }
        for (const PeerId& id : router_.mesh("/block")) LEPTON_ASSERT(is_here(id));
    }

    /// Made once: it costs more than the rest.
    static Metrics& metrics() {
        static Metrics result;
        return result;
    }

    SeededRandom random_{1};
    Time now_{};
    Router router_{
        config(), PeerId::from_public_key(sim_public_key(100)), transform, random_, metrics()};
    std::vector<PeerId> here_{peer(0), peer(1), peer(2)};
};

/// Input: steps, each a byte that says who does what.
void run(ByteView input) {
    Session session;
    while (!input.empty()) session.step(input);
}

Bytes rpc_step(std::uint32_t from, const Rpc& rpc) {
    const Bytes bytes = encode_rpc(rpc);
    return joined({Bytes{static_cast<std::uint8_t>(from * 8 + 4),
                         static_cast<std::uint8_t>(bytes.size() >> 8),
                         static_cast<std::uint8_t>(bytes.size())},
                   bytes});
}

std::vector<Bytes> seeds() {
    const Bytes heartbeat{0, 7};
    const Bytes data = bytes_of("a payload");
    const Bytes bad = bytes_of("!");
    MessageId id{};
    std::ranges::copy(data, id.begin());
    Rpc subscribe;
    subscribe.subscriptions = {{true, "/block"}, {true, "/vote"}};
    subscribe.graft = {"/block", "/unknown"};
    Rpc publish;
    publish.messages = {{"/block", data, false}, {"/block", bad, false}, {"/vote", data, false}};
    Rpc gossip;
    gossip.ihave = {{"/block", {id, MessageId{9}}}};
    gossip.iwant = {id};
    gossip.idontwant = {id};
    Rpc prune;
    prune.prune = {{"/block", 3600}};
    return {
        joined({rpc_step(0, subscribe), rpc_step(1, subscribe), heartbeat, rpc_step(0, publish)}),
        joined({rpc_step(0, subscribe), rpc_step(0, gossip), heartbeat, rpc_step(1, publish)}),
        joined({rpc_step(2, subscribe), heartbeat, rpc_step(2, prune), rpc_step(2, subscribe)}),
        joined({rpc_step(1, subscribe),
                Bytes{3, 'x', 'y'},
                heartbeat,
                Bytes{9},
                heartbeat,
                Bytes{10}}),
        joined({Bytes{4, 0, 2, 0x0b, 0x0c}, heartbeat})};
}

const Registration kTarget({"gossip_router", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
