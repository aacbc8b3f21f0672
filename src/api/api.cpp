// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/api.hpp"

#include "api/replies.hpp"
#include "base/log.hpp"
#include "types/constants.hpp"

#include <boost/json.hpp>

namespace lepton::api {
namespace {

namespace json = boost::json;

/// An SSZ answer from the database.
HttpReply ssz_reply(Result<std::optional<Bytes>, IoError> found, std::string_view what) {
    if (!found) {
        log::error("api_read_failed object={} error={}", what, log::quoted(found.error().what));
        return error_reply(500, "the database cannot be read");
    }
    if (!*found) return error_reply(404, std::string(what) + " not found");
    return {.content_type = "application/octet-stream", .body = std::string(as_text(**found))};
}

}  // namespace

HttpReply Api::handle(const HttpQuery& query) const {
    using Route = HttpReply (Api::*)() const;
    struct Row {
        std::string_view path;
        Route route;
    };
    static constexpr Row kGetRoutes[] = {
        {"/lean/v0/health", &Api::health},
        {"/lean/v0/states/finalized", &Api::finalized_state},
        {"/lean/v0/blocks/finalized", &Api::finalized_block},
        {"/lean/v0/checkpoints/justified", &Api::justified_checkpoint},
        {"/lean/v0/fork_choice", &Api::fork_choice},
        {"/lean/v0/node/identity", &Api::node_identity},
        {"/lean/v0/node/syncing", &Api::node_syncing},
        {"/lean/v0/genesis", &Api::genesis},
        {"/lean/v0/config/spec", &Api::config_spec},
        {"/metrics", &Api::metrics_text},
    };
    if (query.path == "/lean/v0/admin/aggregator") return aggregator(query);
    for (const Row& row : kGetRoutes) {
        if (query.path != row.path) continue;
        if (query.method != "GET") return error_reply(405, "method not allowed");
        return (this->*row.route)();
    }
    return error_reply(404, "no such route");
}

HttpReply Api::handle_metrics(const HttpQuery& query) const {
    if (query.path != "/metrics" && query.path != "/health" && query.path != "/lean/v0/health") {
        return error_reply(404, "no such route");
    }
    if (query.method != "GET") return error_reply(405, "method not allowed");
    return query.path == "/metrics" ? metrics_text() : health();
}

HttpReply Api::health() const {
    const auto view = sources_.chain_view.get();
    const UnixMs now = sources_.clock.unix_ms();
    const std::uint64_t slot_ms = sources_.profile.milliseconds_per_slot();
    const UnixMs waiting_since = std::max(view->last_tick_unix_ms, sources_.genesis_time * 1000);
    if (now > waiting_since && now - waiting_since > kStuckSlots * slot_ms) {
        return {.status = 503,
                .body = json::serialize(
                    json::object{{"status", "stuck"},
                                 {"service", "lean-rpc-api"},
                                 {"milliseconds_without_tick", now - waiting_since}})};
    }
    if (const auto trouble = sources_.trouble()) {
        return {.status = 503,
                .body = json::serialize(json::object{
                    {"status", "trouble"}, {"service", "lean-rpc-api"}, {"what", *trouble}})};
    }
    return {.body = std::string(kHealthyBody)};
}

HttpReply Api::finalized_state() const {
    const Root root = sources_.chain_view.get()->latest_finalized.root;
    return ssz_reply(sources_.blocks.state_bytes(root), "finalized state");
}

HttpReply Api::finalized_block() const {
    const Root root = sources_.chain_view.get()->latest_finalized.root;
    return ssz_reply(sources_.blocks.signed_block_bytes(root), "finalized block");
}

HttpReply Api::justified_checkpoint() const {
    return json_reply(checkpoint_json(sources_.chain_view.get()->latest_justified));
}

HttpReply Api::fork_choice() const {
    const auto view = sources_.chain_view.get();
    json::array nodes;
    for (const network_api::ChainNode& node : *view->nodes) {
        nodes.push_back(json::object{{"root", to_hex(node.root)},
                                     {"slot", node.slot.value},
                                     {"parent_root", to_hex(node.parent_root)},
                                     {"proposer_index", node.proposer_index.value},
                                     {"weight", node.weight}});
    }
    return json_reply(json::object{{"nodes", std::move(nodes)},
                                   {"head", to_hex(view->head.root)},
                                   {"justified", checkpoint_json(view->latest_justified)},
                                   {"finalized", checkpoint_json(view->latest_finalized)},
                                   {"safe_target", to_hex(view->safe_target.root)},
                                   {"validator_count", view->validator_count}});
}

HttpReply Api::node_identity() const {
    return json_reply(json::object{{"version", sources_.version}, {"peer_id", sources_.peer_id}});
}

HttpReply Api::node_syncing() const {
    const auto view = sources_.chain_view.get();
    const std::uint64_t distance =
        view->current_slot > view->head.slot ? view->current_slot - view->head.slot : 0;
    return json_reply(json::object{{"is_syncing", view->is_syncing},
                                   {"head_slot", view->head.slot.value},
                                   {"sync_distance", distance},
                                   {"finalized_slot", view->latest_finalized.slot.value}});
}

HttpReply Api::genesis() const {
    return json_reply(
        json::object{{"genesis_time", sources_.genesis_time},
                     {"validator_count", sources_.chain_view.get()->validator_count}});
}

HttpReply Api::config_spec() const {
    return json_reply(
        json::object{{"MILLISECONDS_PER_SLOT", sources_.profile.milliseconds_per_slot()},
                     {"INTERVALS_PER_SLOT", kIntervalsPerSlot},
                     {"MILLISECONDS_PER_INTERVAL", sources_.profile.milliseconds_per_interval},
                     {"HISTORICAL_ROOTS_LIMIT", kHistoricalRootsLimit},
                     {"FORK_DIGEST", sources_.profile.fork_digest}});
}

HttpReply Api::aggregator(const HttpQuery& query) const {
    if (query.method == "GET") {
        return json_reply(
            json::object{{"is_aggregator", sources_.chain_view.get()->is_aggregator}});
    }
    if (query.method != "POST") return error_reply(405, "method not allowed");
    boost::system::error_code error;
    const json::value body = json::parse(query.body, error);
    const json::value* enabled =
        !error && body.is_object() ? body.as_object().if_contains("enabled") : nullptr;
    if (enabled == nullptr || !enabled->is_bool()) {
        return error_reply(400, R"(expected a body {"enabled": true or false})");
    }
    const auto role = sources_.set_aggregator(enabled->as_bool());
    if (!role) return error_reply(503, "the blockchain actor did not answer");
    return json_reply(
        json::object{{"is_aggregator", role->is_aggregator}, {"previous", role->was_aggregator}});
}

HttpReply Api::metrics_text() const {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = sources_.metrics.text()};
}

}  // namespace lepton::api
