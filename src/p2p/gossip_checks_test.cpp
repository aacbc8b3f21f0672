// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/gossip_checks.hpp"

#include "types/ssz.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

using network_api::ChainView;

const NetworkProfile kProfile = network_profile("leanspec-test").value();
const Topic kBlocks{TopicKind::block, {}};
const Topic kVotes{TopicKind::attestation, SubnetId{0}};
const Topic kAggregates{TopicKind::aggregation, {}};

// The end of slot 19; slot 10 is final.
ChainView view() {
    ChainView view;
    view.time = Interval{99};
    view.latest_finalized.slot = Slot{10};
    return view;
}

SignedBlock block(std::uint64_t slot) {
    SignedBlock block;
    block.block.slot = Slot{slot};
    block.proof.proof = ProofBytes(Bytes(40, 7));
    return block;
}

SignedAttestation vote(std::uint64_t slot) {
    SignedAttestation vote;
    vote.validator_index = ValidatorIndex{3};
    vote.data.slot = Slot{slot};
    vote.signature.bytes = Bytes(kProfile.signature_size, 9);
    return vote;
}

SignedAggregatedAttestation aggregate(std::uint64_t slot) {
    SignedAggregatedAttestation aggregate;
    aggregate.data.slot = Slot{slot};
    aggregate.proof.participants.resize(5);
    aggregate.proof.participants.set(2);
    aggregate.proof.proof = ProofBytes(Bytes(30, 8));
    return aggregate;
}

template <class T>
Result<DecodedGossip, GossipRefusal> check(const Topic& topic,
                                           const T& value,
                                           const ChainView& chain = view()) {
    return check_gossip(topic, ssz::encode(value), chain, chain.time, kProfile);
}

GossipRefusal ignored(Rejection reason) {
    return {GossipVerdict::ignore, reason, to_string(reason)};
}

TEST(GossipChecks, new_block_goes_on_with_its_root) {
    const auto decoded = check(kBlocks, block(20)).value();
    const auto& received = std::get<network_api::ReceivedBlock>(decoded);
    EXPECT_EQ(received.block, block(20));
    EXPECT_EQ(received.root, hash_tree_root(block(20).block));
    EXPECT_EQ(received.source, network_api::BlockSource::gossip);
}

TEST(GossipChecks, votes_and_aggregates_go_on_with_the_root_of_their_data) {
    const auto decoded_vote = check(kVotes, vote(20)).value();
    const auto& received = std::get<network_api::ReceivedAttestation>(decoded_vote);
    EXPECT_EQ(received.attestation, vote(20));
    EXPECT_EQ(received.data_root, hash_tree_root(vote(20).data));
    const auto decoded_aggregate = check(kAggregates, aggregate(20)).value();
    const auto& whole = std::get<network_api::ReceivedAggregatedAttestation>(decoded_aggregate);
    EXPECT_EQ(whole.attestation, aggregate(20));
    EXPECT_EQ(whole.data_root, hash_tree_root(aggregate(20).data));
}

TEST(GossipChecks, one_interval_of_clock_difference_is_tolerated) {
    ChainView early = view();
    EXPECT_TRUE(check(kBlocks, block(20), early));
    early.time = Interval{98};
    EXPECT_EQ(check(kBlocks, block(20), early).error(),
              ignored(Rejection::BLOCK_TOO_FAR_IN_FUTURE));
    EXPECT_EQ(check(kVotes, vote(20), early).error(),
              ignored(Rejection::ATTESTATION_TOO_FAR_IN_FUTURE));
    EXPECT_EQ(check(kAggregates, aggregate(20), early).error(),
              ignored(Rejection::ATTESTATION_TOO_FAR_IN_FUTURE));
}

TEST(GossipChecks, slots_at_the_end_of_the_numbers) {
    for (const std::uint64_t slot : {std::uint64_t{1} << 63, UINT64_MAX}) {
        EXPECT_EQ(check(kBlocks, block(slot)).error(), ignored(Rejection::BLOCK_TOO_FAR_IN_FUTURE));
        EXPECT_EQ(check(kVotes, vote(slot)).error(),
                  ignored(Rejection::ATTESTATION_TOO_FAR_IN_FUTURE));
    }
}

TEST(GossipChecks, what_is_final_is_of_no_use) {
    EXPECT_EQ(check(kBlocks, block(10)).error(), ignored(Rejection::BLOCK_NOT_AFTER_FINALIZED));
    EXPECT_TRUE(check(kBlocks, block(11)));
    EXPECT_EQ(check(kVotes, vote(9)).error(), ignored(Rejection::ATTESTATION_TOO_OLD));
    EXPECT_TRUE(check(kVotes, vote(10)));
    EXPECT_EQ(check(kAggregates, aggregate(9)).error(), ignored(Rejection::ATTESTATION_TOO_OLD));
}

TEST(GossipChecks, known_block_is_ignored_without_a_reason) {
    ChainView chain = view();
    network_api::ChainNode node;
    node.root = hash_tree_root(block(20).block);
    node.slot = Slot{20};
    chain.nodes = std::make_shared<const std::vector<network_api::ChainNode>>(1, node);
    EXPECT_EQ(check(kBlocks, block(20), chain).error(),
              (GossipRefusal{GossipVerdict::ignore, std::nullopt, "known_block"}));
}

TEST(GossipChecks, empty_aggregate_is_rejected) {
    SignedAggregatedAttestation empty = aggregate(20);
    empty.proof.participants.set(2, false);
    EXPECT_EQ(
        check(kAggregates, empty).error(),
        (GossipRefusal{
            GossipVerdict::reject, Rejection::EMPTY_AGGREGATION_BITS, "EMPTY_AGGREGATION_BITS"}));
}

TEST(GossipChecks, bytes_that_are_no_message_are_rejected_with_their_fault) {
    const auto error = [](const Topic& topic, ByteView bytes) {
        return check_gossip(topic, bytes, view(), view().time, kProfile).error();
    };
    const auto fault = [](std::string_view name) {
        return GossipRefusal{GossipVerdict::reject, Rejection::DECODE_ERROR, name};
    };
    EXPECT_EQ(error(kVotes, {}), fault("wrong_size"));
    Bytes short_vote = ssz::encode(vote(20));
    short_vote.pop_back();
    EXPECT_EQ(error(kVotes, short_vote), fault("wrong_size"));
    Bytes bad_block = ssz::encode(block(20));
    bad_block[0] = 9;
    EXPECT_EQ(error(kBlocks, bad_block), fault("bad_offset"));
    // A vote on the topic of blocks.
    EXPECT_EQ(error(kBlocks, ssz::encode(vote(20))).verdict, GossipVerdict::reject);
}

TEST(NetworkTime, goes_on_while_the_blockchain_actor_is_busy) {
    ChainView chain = view();
    EXPECT_EQ(network_time(chain, 1'000'000, kProfile), Interval{99});
    chain.last_tick_unix_ms = 1'000'000;
    EXPECT_EQ(network_time(chain, 1'000'000, kProfile), Interval{99});
    EXPECT_EQ(network_time(chain, 1'000'799, kProfile), Interval{99});
    EXPECT_EQ(network_time(chain, 1'000'800, kProfile), Interval{100});
    EXPECT_EQ(network_time(chain, 1'004'000, kProfile), Interval{104});
    // The wall clock was set back.
    EXPECT_EQ(network_time(chain, 999'000, kProfile), Interval{99});
}

}  // namespace
}  // namespace lepton::p2p
