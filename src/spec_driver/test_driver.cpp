// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/test_driver.hpp"

#include "api/replies.hpp"
#include "spec_driver/fork_choice_step.hpp"
#include "spec_driver/signatures_run.hpp"
#include "spec_driver/transition_run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::spec_driver {
namespace {

using api::checkpoint_json;
using api::error_reply;
using api::HttpQuery;
using api::HttpReply;
using api::json_reply;

json::string name_of(Rejection rejection) {
    return json::string(to_string(rejection));
}

json::object snapshot_json(const consensus::Store& store) {
    return {{"headSlot", store.head_block().slot.value},
            {"headRoot", to_hex(store.head)},
            {"time", store.time.value},
            {"justifiedCheckpoint", checkpoint_json(store.latest_justified)},
            {"finalizedCheckpoint", checkpoint_json(store.latest_finalized)},
            {"safeTarget", to_hex(store.safe_target)}};
}

json::object post_json(const State& state) {
    return {{"slot", state.slot.value},
            {"latestBlockHeaderSlot", state.latest_block_header.slot.value},
            {"latestBlockHeaderStateRoot", to_hex(state.latest_block_header.state_root)},
            {"historicalBlockHashesCount", state.historical_block_hashes.size()}};
}

}  // namespace

bool asks_for_driver(std::string_view value) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = std::min(value.find_first_not_of(kBlanks), value.size());
    value = value.substr(begin, value.find_last_not_of(kBlanks) + 1 - begin);
    const auto equals = [&](std::string_view word) {
        return std::ranges::equal(value, word, [](char given, char lower) {
            return (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given) == lower;
        });
    };
    return equals("1") || equals("true") || equals("yes");
}

HttpReply TestDriver::handle(const HttpQuery& query) {
    using Route = HttpReply (TestDriver::*)(const json::object&);
    struct Row {
        std::string_view path;
        Route route;
    };
    static constexpr Row kPostRoutes[] = {
        {"/lean/v0/test_driver/fork_choice/init", &TestDriver::init_fork_choice},
        {"/lean/v0/test_driver/fork_choice/step", &TestDriver::step_fork_choice},
        {"/lean/v0/test_driver/state_transition/run", &TestDriver::state_transition},
        {"/lean/v0/test_driver/verify_signatures/run", &TestDriver::verify_signatures},
    };
    if (query.path == "/lean/v0/health") {
        if (query.method != "GET") return error_reply(405, "method not allowed");
        return {.body = std::string(api::kHealthyBody)};
    }
    const auto* const row = std::ranges::find(kPostRoutes, query.path, &Row::path);
    if (row == std::end(kPostRoutes)) return error_reply(404, "no such route");
    if (query.method != "POST") return error_reply(405, "method not allowed");

    boost::system::error_code error;
    // At most 32 levels deep, which is the parser's own bound.
    const json::value request = json::parse(query.body, error);
    if (error) return error_reply(400, "the body is not JSON: " + error.message());
    try {
        return (this->*row->route)(as_object(request));
    } catch (const BadVector& bad) {
        return error_reply(400, bad.what());
    }
}

HttpReply TestDriver::init_fork_choice(const json::object& request) {
    node_.reset();
    auto state = read_as<State>(at(request, "anchorState"));
    const auto block = read_as<Block>(at(request, "anchorBlock"));
    if (const json::value* genesis_time = find(request, "genesisTime")) {
        state.config.genesis_time = as_u64(*genesis_time);
    }
    auto node = ForkChoiceNode::create(state, block, proofs_);
    if (!node) return error_reply(400, to_string(node.error()));
    node_.emplace(std::move(*node));
    return {.status = 204, .body = {}};
}

HttpReply TestDriver::step_fork_choice(const json::object& request) {
    if (!node_) return error_reply(409, "no store: fork_choice/init comes first");
    const auto outcome = play_step(*node_, request);
    return json_reply(json::object{{"accepted", outcome.has_value()},
                                   {"error", outcome ? json::value() : name_of(outcome.error())},
                                   {"snapshot", snapshot_json(node_->store())}});
}

HttpReply TestDriver::state_transition(const json::object& request) {
    const auto state = run_state_transition(request);
    return json_reply(
        json::object{{"succeeded", state.has_value()},
                     {"error", state ? json::value() : name_of(state.error())},
                     {"post", state ? json::value(post_json(*state)) : json::value()}});
}

HttpReply TestDriver::verify_signatures(const json::object& request) {
    const auto outcome = run_verify_signatures(request, proofs_);
    json::value error;
    if (!outcome) {
        const auto& [reason, proof_error] = outcome.error();
        error =
            proof_error
                ? json::value(fmt::format("{} ({})", to_string(reason), to_string(*proof_error)))
                : json::value(name_of(reason));
    }
    return json_reply(
        json::object{{"succeeded", outcome.has_value()}, {"error", std::move(error)}});
}

}  // namespace lepton::spec_driver
