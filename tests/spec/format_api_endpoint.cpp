// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A request to a node whose chain has begun at an anchor: genesis, or the last of a few empty
// blocks. The node is lepton's without its threads and sockets: storage, chain, metrics, routes.
#include "aggregation/bundle/bundle_backend.hpp"
#include "api/api.hpp"
#include "blockchain/blockchain.hpp"
#include "blockchain/open_chain.hpp"
#include "consensus/block_production.hpp"
#include "node/process_metrics.hpp"
#include "node/version.hpp"
#include "p2p/p2p_metrics.hpp"
#include "spec/formats.hpp"
#include "storage/memory/memory_backend.hpp"
#include "types/genesis.hpp"
#include "verifier/verifier_metrics.hpp"

#include <memory>

namespace lepton::spec {
namespace {

/// Longer chains of empty blocks than any vector has.
constexpr std::uint64_t kAnchorSlotMax = 1000;

blockchain::Anchor anchor_of(const Vector& vector, const json::object& params) {
    allow_only(params, {"numValidators", "genesisTime", "anchorSlot"});
    const std::uint64_t validator_count = as_u64(at(params, "numValidators"));
    const json::value* anchor_slot = find(params, "anchorSlot");
    const std::uint64_t last = anchor_slot == nullptr ? 0 : as_u64(*anchor_slot);
    if (validator_count == 0) throw BadVector("a chain without validators");
    if (last > kAnchorSlotMax) throw BadVector("an anchor too far from genesis");

    State state =
        genesis_state(as_u64(at(params, "genesisTime")), validators_of(vector, validator_count));
    Block block = genesis_block(state);
    for (Slot slot{1}; slot.value <= last; ++slot) {
        auto next = consensus::assemble_block(
            state, slot, ValidatorIndex{slot.value % validator_count}, {});
        if (!next) throw BadVector(std::string(to_string(next.error())));
        state = std::move(next->post_state);
        block = std::move(next->block);
    }
    return {{.block = std::move(block), .proof = {}}, std::move(state)};
}

p2p::P2pConfig p2p_config(const NetworkProfile& profile, bool is_aggregator) {
    p2p::P2pConfig config;
    config.profile = profile;
    config.is_aggregator = is_aggregator;
    return config;
}

class AnchoredNode {
  public:
    AnchoredNode(const NetworkProfile& profile,
                 const crypto::SignatureScheme& scheme,
                 const blockchain::Anchor& anchor,
                 bool is_aggregator)
        : clock_(anchor.state.config.genesis_time * 1000 +
                 anchor.state.slot.value * profile.milliseconds_per_slot()),
          p2p_metrics_(metrics_, p2p_config(profile, is_aggregator)),
          storage_(open_storage(profile, anchor)),
          backend_(aggregation::bundle::make_backend(
              scheme,
              {.proof_size_max = profile.proof_size_max,
               .components_max = profile.proof_components_max},
              [](std::move_only_function<void()> task) { task(); },
              clock_)),
          chain_({.profile = profile, .own_validators = {}, .is_aggregator = is_aggregator},
                 blockchain::begin_chain(*storage_, anchor).value(),
                 *storage_,
                 *backend_,
                 clock_,
                 blockchain_metrics_,
                 view_),
          api_({.clock = clock_,
                .chain_view = view_,
                .blocks = *storage_,
                .metrics = metrics_,
                .profile = profile,
                .genesis_time = anchor.state.config.genesis_time,
                .version = node::version_text(""),
                .peer_id = "none",
                .set_aggregator =
                    [this](bool enabled) -> std::optional<network_api::AggregatorRole> {
                    return chain_.set_aggregator(enabled);
                },
                .trouble = [] { return std::nullopt; }}) {
        node::describe_process(metrics_,
                               {.node_id = "lepton_0",
                                .version = node::version_text(""),
                                .started = clock_.unix_ms()});
        chain_.tick();
    }

    api::HttpReply ask(const api::HttpQuery& query) { return api_.handle(query); }

  private:
    std::unique_ptr<storage::Storage> open_storage(const NetworkProfile& profile,
                                                   const blockchain::Anchor& anchor) {
        return storage::Storage::open(disk_.open("vector").value(),
                                      {.network_profile = profile.name,
                                       .genesis_time = anchor.state.config.genesis_time,
                                       .registry_root = hash_tree_root(*anchor.state.validators)})
            .value();
    }

    ManualClock clock_;
    Metrics metrics_;
    blockchain::BlockchainMetrics blockchain_metrics_{metrics_};
    verifier::VerifierMetrics verifier_metrics_{metrics_};
    p2p::P2pMetrics p2p_metrics_;
    storage::MemoryDisk disk_;
    std::unique_ptr<storage::Storage> storage_;
    std::unique_ptr<aggregation::AggregationBackend> backend_;
    network_api::ChainViewSnapshot view_{std::make_shared<const network_api::ChainView>()};
    blockchain::Blockchain chain_;
    api::Api api_;
};

/// Returns whether Prometheus text has the type of family `name` and a value of it.
bool has_metric(std::string_view text, std::string_view name) {
    bool is_declared = false;
    bool has_value = false;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        is_declared |= line.starts_with(fmt::format("# TYPE {} ", name));
        for (const std::string_view ending : {" ", "{", "_count ", "_count{"}) {
            has_value |= line.starts_with(fmt::format("{}{}", name, ending));
        }
    }
    return is_declared && has_value;
}

Verdict expect_metrics(std::string_view text, const json::object& expected) {
    allow_only(expected, {"required_metric_names"});
    for (const json::value& name : as_array(at(expected, "required_metric_names"))) {
        if (!has_metric(text, as_string(name))) {
            return std::unexpected(fmt::format("metric {} is missing", as_string(name)));
        }
    }
    return {};
}

Verdict expect_json(const std::string& text, const json::value& expected) {
    boost::system::error_code error;
    const json::value actual = json::parse(text, error);
    if (error) return std::unexpected("the body is no JSON");
    if (actual == expected) return {};
    return std::unexpected(fmt::format(
        "body: got {}, expected {}", json::serialize(actual), json::serialize(expected)));
}

/// What the body is said to be depends on its type.
Verdict expect_body(const api::HttpReply& reply, const json::value& expected) {
    if (reply.content_type.starts_with("text/plain")) {
        return expect_metrics(reply.body, as_object(expected));
    }
    if (reply.content_type == "application/octet-stream") {
        return expect_equal(
            "body", to_hex(lepton::as_bytes(reply.body)), to_hex(as_bytes(expected)));
    }
    return expect_json(reply.body, expected);
}

}  // namespace

Verdict run_api_endpoint(const Vector& vector) {
    vector_members(vector,
                   {"endpoint",
                    "method",
                    "genesisParams",
                    "requestBody",
                    "initialIsAggregator",
                    "expectedStatusCode",
                    "expectedContentType",
                    "expectedBody"});
    const json::object& body = vector.body;
    const json::value* request = find(body, "requestBody");
    AnchoredNode node(profile_of(body),
                      scheme_of(body),
                      anchor_of(vector, as_object(at(body, "genesisParams"))),
                      as_bool(at(body, "initialIsAggregator")));
    const api::HttpReply reply =
        node.ask({.method = std::string(as_string(at(body, "method"))),
                  .path = std::string(as_string(at(body, "endpoint"))),
                  .body = request == nullptr ? std::string() : json::serialize(*request)});
    if (auto equal = expect_equal(
            "status", std::uint64_t{reply.status}, as_u64(at(body, "expectedStatusCode")));
        !equal) {
        return equal;
    }
    if (auto equal = expect_equal("content type",
                                  reply.content_type,
                                  std::string(as_string(at(body, "expectedContentType"))));
        !equal) {
        return equal;
    }
    return expect_body(reply, at(body, "expectedBody"));
}

}  // namespace lepton::spec
