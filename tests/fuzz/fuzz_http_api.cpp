// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/api.hpp"
#include "fuzz/target.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace api;

class NoBlocks final : public storage::BlockReader {
  public:
    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root&) const override {
        return Bytes{1, 2, 3};
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root&) const override {
        return std::nullopt;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot, std::uint64_t) const override {
        return std::vector<Checkpoint>{};
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }
};

void check(const HttpReply& reply) {
    constexpr unsigned kStatuses[] = {200, 400, 404, 405, 500, 503};
    LEPTON_ASSERT(std::ranges::find(kStatuses, reply.status) != std::end(kStatuses));
    if (reply.content_type != "application/json") return;
    boost::system::error_code error;
    boost::json::parse(reply.body, error);
    LEPTON_ASSERT(!error);
}

/// Input: method, path and body of a request, separated by line breaks.
void run(ByteView input) {
    static const ManualClock clock{1'000'000};
    static const network_api::ChainViewSnapshot view{
        std::make_shared<const network_api::ChainView>()};
    static const NoBlocks blocks;
    static const Metrics metrics;
    static bool has_switched = false;
    static const Api routes({.clock = clock,
                             .chain_view = view,
                             .blocks = blocks,
                             .metrics = metrics,
                             .profile = network_profile("leanspec-test").value(),
                             .genesis_time = 1000,
                             .version = "lepton/test",
                             .peer_id = "16Uiu2",
                             .set_aggregator =
                                 [](bool enabled) {
                                     has_switched = true;
                                     return network_api::AggregatorRole{.is_aggregator = enabled,
                                                                        .was_aggregator = false};
                                 },
                             .trouble = [] { return std::optional<std::string>{}; }});
    std::string_view rest = as_text(input);
    const auto take_line = [&] {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return line;
    };
    const std::string method = take_line();
    const std::string path = take_line();
    const HttpQuery query{method, path, std::string(rest)};
    has_switched = false;
    const HttpReply reply = routes.handle(query);
    check(reply);
    check(routes.handle_metrics(query));
    // A role changes only by a request that says so.
    LEPTON_ASSERT(!has_switched ||
                  (method == "POST" && path == "/lean/v0/admin/aggregator" && reply.status == 200 &&
                   rest.find("enabled") != std::string_view::npos));
}

std::vector<Bytes> seeds() {
    std::vector<Bytes> seeds;
    for (const std::string_view path : {"health",
                                        "states/finalized",
                                        "blocks/finalized",
                                        "checkpoints/justified",
                                        "fork_choice",
                                        "node/identity",
                                        "node/syncing",
                                        "genesis",
                                        "config/spec",
                                        "admin/aggregator"}) {
        seeds.push_back(bytes_of("GET\n/lean/v0/" + std::string(path) + "\n"));
    }
    for (const std::string_view body : {R"({"enabled": true})",
                                        R"({"enabled": 1})",
                                        R"({"enabled": false, "x": [{}, null, 1e999, "\u00e9"]})",
                                        "[[[[[[[[[",
                                        ""}) {
        seeds.push_back(bytes_of("POST\n/lean/v0/admin/aggregator\n" + std::string(body)));
    }
    seeds.push_back(bytes_of("GET\n/metrics\n"));
    return seeds;
}

const Registration kTarget({"http_api", 256, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
