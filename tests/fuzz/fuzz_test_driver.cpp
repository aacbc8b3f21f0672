// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_backend.hpp"
#include "fuzz/target.hpp"
#include "spec_driver/test_driver.hpp"
#include "types/genesis.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace spec_driver;

constexpr std::string_view kRoutes[] = {
    "fork_choice/init", "fork_choice/step", "state_transition/run", "verify_signatures/run"};

/// Input: requests, separated by zero bytes; each is a digit that says the route, and the body.
void run(ByteView input) {
    static const ManualClock clock{1'000'000};
    static const Proofs proofs(aggregation::bundle::make_backend, clock);
    TestDriver driver(proofs);
    for (std::string_view rest = as_text(input); !rest.empty();) {
        const std::size_t end = std::min(rest.find('\0'), rest.size());
        const std::string_view request = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (request.empty()) continue;
        const auto route = static_cast<std::uint8_t>(request.front()) % std::size(kRoutes);
        const api::HttpReply reply =
            driver.handle({.method = "POST",
                           .path = fmt::format("/lean/v0/test_driver/{}", kRoutes[route]),
                           .body = std::string(request.substr(1))});
        constexpr unsigned kStatuses[] = {200, 204, 400, 409};
        LEPTON_ASSERT(std::ranges::find(kStatuses, reply.status) != std::end(kStatuses));
        boost::system::error_code error;
        if (reply.status != 204) json::parse(reply.body, error);
        LEPTON_ASSERT(!error, reply.body);
    }
}

std::string checkpoint_json(const Checkpoint& checkpoint) {
    return fmt::format(
        R"({{"root":"{}","slot":{}}})", to_hex(checkpoint.root.bytes), checkpoint.slot);
}

std::vector<Bytes> seeds() {
    const std::string key = to_hex(Bytes(52, 1));
    const std::string zero = to_hex(Bytes32{});
    const std::string none = R"({"data":[]})";
    const State state = genesis_state(7, {{PublicKey(Bytes(52, 1)), PublicKey(Bytes(52, 1)), {}}});
    const Block block = genesis_block(state);
    const std::string point = checkpoint_json({});
    const BlockHeader& header = state.latest_block_header;
    const std::string state_json = fmt::format(
        R"({{"config":{{"genesisTime":7}},"slot":0,"latestBlockHeader":{{"slot":0,"proposerIndex":0,)"
        R"("parentRoot":"{0}","stateRoot":"{0}","bodyRoot":"{1}"}},"latestJustified":{2},)"
        R"("latestFinalized":{2},"historicalBlockHashes":{3},"justifiedSlots":{3},"validators":)"
        R"({{"data":[{{"attestationPublicKey":"{4}","proposalPublicKey":"{4}","index":0}}]}},)"
        R"("justificationsRoots":{3},"justificationsValidators":{3}}})",
        zero,
        to_hex(header.body_root.bytes),
        point,
        none,
        key);
    const auto block_json = [&](std::uint64_t slot, const Root& parent, const Root& after) {
        return fmt::format(R"({{"slot":{},"proposerIndex":0,"parentRoot":"{}","stateRoot":"{}",)"
                           R"("body":{{"attestations":{}}}}})",
                           slot,
                           to_hex(parent.bytes),
                           to_hex(after.bytes),
                           none);
    };
    const Root root = hash_tree_root(block);
    const std::string init = fmt::format(R"(0{{"anchorState":{},"anchorBlock":{}}})",
                                         state_json,
                                         block_json(0, {}, block.state_root));
    const std::string vote = fmt::format(R"({{"slot":1,"head":{0},"target":{0},"source":{0}}})",
                                         checkpoint_json({root, {}}));
    const std::string steps[] = {
        R"(1{"stepType":"tick","valid":true,"interval":9,"hasProposal":false})",
        fmt::format(R"(1{{"stepType":"block","valid":true,"block":{}}})", block_json(1, root, {})),
        fmt::format(R"(1{{"stepType":"attestation","valid":true,"isAggregator":true,"attestation":)"
                    R"({{"validatorIndex":0,"data":{},"signature":"{}"}}}})",
                    vote,
                    to_hex(Bytes(424, 1))),
        R"(1{"stepType":"checks"})"};
    std::string play = init;
    std::vector<Bytes> seeds;
    for (const std::string& step : steps) {
        play += '\0';
        play += step;
        seeds.push_back(bytes_of(play));
    }
    seeds.push_back(bytes_of(steps[0]));
    seeds.push_back(bytes_of("0[[[[[[[["));
    seeds.push_back(bytes_of(
        fmt::format(R"(2{{"pre":{},"blocks":[{}]}})", state_json, block_json(1, root, {}))));
    seeds.push_back(bytes_of(fmt::format(
        R"(3{{"anchorState":{},"signedBlock":{{"block":{},"proof":{{"proof":{{"data":"00"}}}}}}}})",
        state_json,
        block_json(1, root, {}))));
    return seeds;
}

const Registration kTarget({"test_driver", 8192, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
