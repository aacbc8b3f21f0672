// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/gossipsub/codec.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace libp2p::gossipsub;

/// What decode_rpc says it allocates at most.
constexpr std::size_t kAllocatedMax = 128 * 1024;

void expect_equal(const Rpc& a, const Rpc& b) {
    LEPTON_ASSERT(a.subscriptions == b.subscriptions);
    LEPTON_ASSERT(a.messages.size() == b.messages.size());
    for (std::size_t i = 0; i < a.messages.size(); ++i) {
        LEPTON_ASSERT(a.messages[i].topic == b.messages[i].topic);
        LEPTON_ASSERT(std::ranges::equal(a.messages[i].data, b.messages[i].data));
    }
    LEPTON_ASSERT(a.ihave == b.ihave && a.iwant == b.iwant && a.idontwant == b.idontwant);
    LEPTON_ASSERT(a.graft == b.graft && a.prune == b.prune);
}

void run(ByteView input) {
    const Allocated allocated;
    const auto rpc = decode_rpc(input);
    LEPTON_ASSERT(allocated.bytes() <= kAllocatedMax);
    if (!rpc) return;

    LEPTON_ASSERT(rpc->subscriptions.size() <= kSubscriptionsMax);
    LEPTON_ASSERT(rpc->messages.size() <= kMessagesPerRpcMax);
    LEPTON_ASSERT(rpc->ihave.size() + rpc->graft.size() + rpc->prune.size() <=
                  3 * kControlEntriesMax);
    for (const Subscription& entry : rpc->subscriptions) expect_within(entry.topic, input);
    for (const Message& entry : rpc->messages) {
        expect_within(entry.topic, input);
        expect_within(entry.data, input);
    }
    for (const IHave& entry : rpc->ihave) expect_within(entry.topic, input);
    for (const Prune& entry : rpc->prune) expect_within(entry.topic, input);
    for (const std::string_view topic : rpc->graft) expect_within(topic, input);

    const Bytes encoded = encode_rpc(*rpc);
    const auto again = decode_rpc(encoded);
    LEPTON_ASSERT(again.has_value());
    if (!again->control_too_large) expect_equal(*rpc, *again);
}

std::vector<Bytes> seeds() {
    const Bytes data(20, 7);
    Rpc rpc;
    rpc.subscriptions = {{true, "/block"}, {false, "/vote"}};
    rpc.messages = {{"/block", data, false}};
    Rpc control;
    control.ihave = {{"/block", {MessageId{1}, MessageId{2}}}};
    control.iwant = {MessageId{3}};
    control.idontwant = {MessageId{4}};
    control.graft = {"/block"};
    control.prune = {{"/vote", 60}, {"/block", {}}};
    return {encode_rpc(rpc),
            encode_rpc(control),
            joined({encode_rpc(rpc), encode_rpc(control), encode_rpc(control)}),
            bytes_of_hex("0a00"),
            bytes_of_hex("1a021a00"),
            bytes_of_hex("12050a03010203")};
}

const Registration kTarget({"gossip_rpc", 2048, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
