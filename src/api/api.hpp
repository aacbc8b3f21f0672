// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The routes of a node's HTTP API: a request in, a reply out. Runs on the server's thread;
// everything it reads may be read from any thread.
#pragma once

#include "api/http_server.hpp"
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "network_api/chain_view.hpp"
#include "network_api/messages.hpp"
#include "storage/block_reader.hpp"
#include "types/network_profile.hpp"

#include <functional>
#include <optional>
#include <string>

namespace lepton::api {

/// What the routes read, borrowed: it outlives the Api.
struct ApiSources {
    const Clock& clock;
    const network_api::ChainViewSnapshot& chain_view;
    const storage::BlockReader& blocks;
    const Metrics& metrics;
    NetworkProfile profile;
    /// Unix seconds.
    std::uint64_t genesis_time = 0;
    std::string version;
    std::string peer_id;
    /// Switches the role and returns the answer; empty when the blockchain actor gave none in time.
    /// May block for at most a second.
    std::function<std::optional<network_api::AggregatorRole>(bool enabled)> set_aggregator;
    /// Returns one line on a component that does not work at the moment: not started, ended,
    /// being restarted, stalled; empty when all do. May not block.
    std::function<std::optional<std::string>()> trouble;
};

class Api {
  public:
    /// The health route answers 503 once no tick was processed for this long (two slots), and while
    /// a component is in trouble, so that an orchestrator restarts a node that is stuck.
    static constexpr std::uint64_t kStuckSlots = 2;

    explicit Api(ApiSources sources) : sources_(std::move(sources)) {}

    /// Returns the reply to one request of the API port; also serves /metrics.
    /// Errors: 400 wrong body, 404 unknown route or no such block, 405 wrong method, 500 the
    /// database cannot be read,
    ///         503 stuck, or no answer from the blockchain actor
    HttpReply handle(const HttpQuery& query) const;

    /// Returns the reply of the metrics port: /metrics and health.
    HttpReply handle_metrics(const HttpQuery& query) const;

  private:
    HttpReply health() const;
    HttpReply finalized_state() const;
    HttpReply finalized_block() const;
    HttpReply justified_checkpoint() const;
    HttpReply fork_choice() const;
    HttpReply node_identity() const;
    HttpReply node_syncing() const;
    HttpReply genesis() const;
    HttpReply config_spec() const;
    HttpReply aggregator(const HttpQuery& query) const;
    HttpReply metrics_text() const;

    ApiSources sources_;
};

}  // namespace lepton::api
