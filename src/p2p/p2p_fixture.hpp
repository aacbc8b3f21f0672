// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// P2p with a swarm and a verifier that only note what they are told: for its tests. One thread.
#pragma once

#include "libp2p/simulation/sim_identity.hpp"
#include "p2p/fake_block_reader.hpp"
#include "p2p/p2p.hpp"
#include "types/ssz.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lepton::p2p::test {

using libp2p::Multiaddr;
using libp2p::PeerId;
using network_api::ChainNode;
using network_api::ChainView;
using network_api::FetchOutcome;
using network_api::FetchStatus;
using network_api::PublishKind;
using network_api::PublishOutcome;
using network_api::PublishStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline PeerId peer(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

inline Multiaddr address(std::uint32_t number) {
    return {libp2p::sim_ip(number), 9000, peer(number)};
}

inline Root root(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

inline SignedBlock block(std::uint64_t slot) {
    SignedBlock block;
    block.block.slot = Slot{slot};
    block.block.parent_root = root(7);
    return block;
}

inline SignedAttestation vote(std::uint64_t validator,
                              std::uint64_t slot,
                              std::size_t signature_size) {
    SignedAttestation vote;
    vote.validator_index = ValidatorIndex{validator};
    vote.data.slot = Slot{slot};
    vote.signature.bytes = Bytes(signature_size, 1);
    return vote;
}

// The logic with a swarm and a verifier that only note what they are told.
class P2pTest : public testing::Test {
  protected:
    P2pTest() {
        config.profile = network_profile("leanspec-test").value();
        config.committee_count = 4;
        auto first = std::make_shared<ChainView>();
        first->time = Interval{500};  // the begin of slot 100
        first->last_tick_unix_ms = clock.unix_ms();
        first->current_slot = Slot{100};
        first->head = {root(90), Slot{90}};
        first->latest_finalized = {root(80), Slot{80}};
        chain.set(first);
    }

    P2p& start() {
        using network_api::ReceivedAggregatedAttestation;
        using network_api::ReceivedAttestation;
        using network_api::ReceivedBlock;
        const auto take = [this](auto& list) {
            return [this, &list](auto& message) -> actor::SendResult {
                if (is_verifier_full) return actor::SendError::full;
                list.push_back(std::move(message));
                return {};
            };
        };
        VerifierRecipients verifier{
            actor::Recipient<ReceivedBlock>::to(
                [to = take(blocks)](ReceivedBlock& m) { return to(m); }),
            actor::Recipient<ReceivedAttestation>::to(
                [to = take(votes)](ReceivedAttestation& m) { return to(m); }),
            actor::Recipient<ReceivedAggregatedAttestation>::to(
                [to = take(aggregates)](ReceivedAggregatedAttestation& m) { return to(m); })};
        p2p = std::make_unique<P2p>(
            config, verifier, P2pWorld{chain, reader, clock, random, metrics});
        collect();
        return *p2p;
    }

    // Sorts the commands into the lists below.
    void collect() {
        for (SwarmCommand& command : p2p->take_commands()) {
            std::visit([this](auto& one) { note(std::move(one)); }, command);
        }
    }
    void note(Asked<SwarmPublish> asked) { publishes.push_back(std::move(asked)); }
    void note(Asked<SwarmDial> asked) { dials.push_back(std::move(asked)); }
    void note(Asked<SwarmRequest> asked) { requests.push_back(std::move(asked)); }
    void note(Asked<SwarmRespond> asked) { responses.push_back(std::move(asked)); }
    void note(SwarmVerdict verdict) { verdicts.push_back(verdict); }
    void note(SwarmDisconnect disconnect) { disconnects.push_back(std::move(disconnect)); }

    template <class Event>
    void event(Event event) {
        SwarmEvents batch;
        batch.events.emplace_back(std::move(event));
        p2p->on_events(std::move(batch));
        collect();
    }

    void connect(std::uint32_t number) { event(PeerConnected{peer(number), true}); }
    void disconnect(std::uint32_t number) {
        event(PeerDisconnected{peer(number), true, {libp2p::CloseCause::timeout, "idle"}});
    }

    // Connects and answers the question for the status, so that only other requests are left.
    void connect_quietly(std::uint32_t number) {
        connect(number);
        ASSERT_EQ(requests.size(), 1u);
        reply(take(requests), status_chunk({}));
    }

    template <class T>
    static T take(std::deque<T>& list) {
        T first = std::move(list.front());
        list.pop_front();
        return first;
    }

    void reply(Asked<SwarmRequest> asked, SwarmRequest::reply answer) {
        asked.then(std::move(answer));
        collect();
    }

    static std::vector<ResponseChunk> status_chunk(const Status& status) {
        return {{ResponseCode::success, ssz::encode(status)}};
    }
    static std::vector<ResponseChunk> block_chunk(const SignedBlock& block) {
        return {{ResponseCode::success, ssz::encode(block)}};
    }

    // Moves time to what is due next, at most `limit` ahead, until `until` holds.
    template <class Condition>
    bool wait(Condition until, Duration limit) {
        const Time end = clock.now() + limit;
        while (!until()) {
            const auto due = p2p->next_due();
            if (!due || *due > end) {
                clock.advance_to(end);
                return until();
            }
            clock.advance_to(*due);
            p2p->on_time();
            collect();
        }
        return true;
    }

    GossipReceived gossip(const Topic& topic, Bytes payload, std::uint32_t from = 1) {
        libp2p::gossipsub::Delivery delivery{.topic = topic_name(config.profile.fork_digest, topic),
                                             .id = {},
                                             .data = std::move(payload),
                                             .raw_size = 100,
                                             .peer = peer(from)};
        delivery.id.fill(++last_message);
        return {std::move(delivery)};
    }

    Bytes20 last_id() const {
        Bytes20 id;
        id.fill(last_message);
        return id;
    }

    void want(const Root& wanted) {
        p2p->fetch({wanted}, [this](const FetchOutcome& outcome) { fetched.push_back(outcome); });
        collect();
    }

    double metric(const std::string& line) const {
        const std::string text = metrics.text();
        const auto at = text.find("\n" + line + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
    }

    P2pConfig config;
    ManualClock clock{1'700'000'000'000};
    SeededRandom random{1};
    Metrics metrics;
    FakeBlockReader reader;
    network_api::ChainViewSnapshot chain{std::make_shared<const ChainView>()};
    std::unique_ptr<P2p> p2p;

    std::deque<Asked<SwarmPublish>> publishes;
    std::deque<Asked<SwarmDial>> dials;
    std::deque<Asked<SwarmRequest>> requests;
    std::deque<Asked<SwarmRespond>> responses;
    std::deque<SwarmVerdict> verdicts;
    std::deque<SwarmDisconnect> disconnects;

    bool is_verifier_full = false;
    std::deque<network_api::ReceivedBlock> blocks;
    std::deque<network_api::ReceivedAttestation> votes;
    std::deque<network_api::ReceivedAggregatedAttestation> aggregates;
    std::vector<FetchOutcome> fetched;
    std::uint8_t last_message = 0;
};

}  // namespace lepton::p2p::test
