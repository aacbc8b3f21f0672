// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/api.hpp"

#include <gtest/gtest.h>

namespace lepton::api {
namespace {

constexpr std::uint64_t kGenesisTime = 1'000;

Root root_of_number(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

/// A database with one block and one state, both under root 2.
class OneBlock final : public storage::BlockReader {
  public:
    Result<std::optional<Bytes>, IoError> signed_block_bytes(const Root& root) const override {
        if (is_broken) return std::unexpected(IoError{"disk on fire"});
        return root == root_of_number(2) ? std::optional<Bytes>({1, 2, 3}) : std::nullopt;
    }
    Result<std::optional<Bytes>, IoError> state_bytes(const Root& root) const override {
        return root == root_of_number(2) ? std::optional<Bytes>({4, 5}) : std::nullopt;
    }
    Result<std::vector<Checkpoint>, IoError> canonical_blocks(Slot, std::uint64_t) const override {
        return std::vector<Checkpoint>{};
    }
    Result<std::optional<storage::Checkpoints>, IoError> checkpoints() const override {
        return std::nullopt;
    }

    bool is_broken = false;
};

class ApiTest : public testing::Test {
  protected:
    static network_api::ChainView first_view() {
        network_api::ChainView view;
        view.last_tick_unix_ms = (kGenesisTime + 40) * 1000;
        view.current_slot = Slot{10};
        view.head = {root_of_number(3), Slot{9}};
        view.latest_justified = {root_of_number(1), Slot{8}};
        view.latest_finalized = {root_of_number(2), Slot{7}};
        view.safe_target = view.head;
        view.validator_count = 4;
        view.is_aggregator = true;
        view.nodes = std::make_shared<const std::vector<network_api::ChainNode>>(
            std::vector<network_api::ChainNode>{{.root = root_of_number(3),
                                                 .slot = Slot{9},
                                                 .parent_root = root_of_number(2),
                                                 .proposer_index = ValidatorIndex{1},
                                                 .weight = 3}});
        return view;
    }

    HttpReply get(const std::string& path) { return api_.handle({"GET", path, ""}); }
    HttpReply post(const std::string& body) {
        return api_.handle({"POST", "/lean/v0/admin/aggregator", body});
    }

    ManualClock clock_{(kGenesisTime + 40) * 1000};
    network_api::ChainViewSnapshot view_{
        std::make_shared<const network_api::ChainView>(first_view())};
    OneBlock blocks_;
    Metrics metrics_;
    std::optional<network_api::AggregatorRole> role_ =
        network_api::AggregatorRole{.is_aggregator = false, .was_aggregator = true};
    std::optional<std::string> trouble_;
    Api api_{{.clock = clock_,
              .chain_view = view_,
              .blocks = blocks_,
              .metrics = metrics_,
              .profile = network_profile("leanspec-test").value(),
              .genesis_time = kGenesisTime,
              .version = "lepton/test",
              .peer_id = "16Uiu2",
              .set_aggregator = [this](bool) { return role_; },
              .trouble = [this] { return trouble_; }}};
};

TEST_F(ApiTest, health_is_true_liveness) {
    EXPECT_EQ(get("/lean/v0/health").status, 200U);
    EXPECT_EQ(get("/lean/v0/health").body, R"({"status":"healthy","service":"lean-rpc-api"})");
    clock_.advance(std::chrono::seconds(8));
    EXPECT_EQ(get("/lean/v0/health").status, 200U);
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(get("/lean/v0/health").status, 503U);
    EXPECT_EQ(api_.handle_metrics({"GET", "/health", ""}).status, 503U);
}

TEST_F(ApiTest, a_component_in_trouble_is_named_by_health) {
    trouble_ = "component=p2p state=down";
    EXPECT_EQ(get("/lean/v0/health").status, 503U);
    EXPECT_EQ(get("/lean/v0/health").body,
              R"({"status":"trouble","service":"lean-rpc-api","what":"component=p2p state=down"})");
    EXPECT_EQ(api_.handle_metrics({"GET", "/lean/v0/health", ""}).status, 503U);
    trouble_.reset();
    EXPECT_EQ(get("/lean/v0/health").status, 200U);
}

TEST_F(ApiTest, finalized_block_and_state_are_ssz_from_the_database) {
    EXPECT_EQ(get("/lean/v0/blocks/finalized").body, "\x01\x02\x03");
    EXPECT_EQ(get("/lean/v0/blocks/finalized").content_type, "application/octet-stream");
    EXPECT_EQ(get("/lean/v0/states/finalized").body, "\x04\x05");
}

TEST_F(ApiTest, what_the_database_lacks_is_404_and_a_broken_database_500) {
    auto view = first_view();
    view.latest_finalized.root = root_of_number(9);
    view_.set(std::make_shared<const network_api::ChainView>(view));
    EXPECT_EQ(get("/lean/v0/states/finalized").status, 404U);
    blocks_.is_broken = true;
    EXPECT_EQ(get("/lean/v0/blocks/finalized").status, 500U);
}

TEST_F(ApiTest, checkpoints_and_tree_have_the_spec_s_fields) {
    const std::string one = to_hex(root_of_number(1));
    EXPECT_EQ(get("/lean/v0/checkpoints/justified").body, R"({"slot":8,"root":")" + one + R"("})");
    const std::string tree = get("/lean/v0/fork_choice").body;
    EXPECT_TRUE(tree.starts_with(R"({"nodes":[{"root":"0x0303)")) << tree;
    EXPECT_NE(tree.find(R"("slot":9,"parent_root":"0x0202)"), std::string::npos) << tree;
    EXPECT_NE(tree.find(R"("proposer_index":1,"weight":3}])"), std::string::npos) << tree;
    EXPECT_TRUE(tree.ends_with(R"("validator_count":4})")) << tree;
}

TEST_F(ApiTest, syncing_tells_the_distance) {
    EXPECT_EQ(get("/lean/v0/node/syncing").body,
              R"({"is_syncing":false,"head_slot":9,"sync_distance":1,"finalized_slot":7})");
}

TEST_F(ApiTest, aggregator_is_read_and_switched_with_a_strict_boolean) {
    EXPECT_EQ(get("/lean/v0/admin/aggregator").body, R"({"is_aggregator":true})");
    EXPECT_EQ(post(R"({"enabled":false})").body, R"({"is_aggregator":false,"previous":true})");
    for (const char* wrong : {"", "{}", "[]", R"({"enabled":1})", R"({"enabled":"true"})"}) {
        EXPECT_EQ(post(wrong).status, 400U) << wrong;
    }
    EXPECT_EQ(api_.handle({"DELETE", "/lean/v0/admin/aggregator", ""}).status, 405U);
    role_.reset();
    EXPECT_EQ(post(R"({"enabled":true})").status, 503U);
}

TEST_F(ApiTest, unknown_routes_are_404_and_wrong_methods_405) {
    EXPECT_EQ(get("/lean/v0/nothing").status, 404U);
    EXPECT_EQ(api_.handle({"POST", "/lean/v0/health", ""}).status, 405U);
    EXPECT_EQ(api_.handle_metrics({"GET", "/lean/v0/fork_choice", ""}).status, 404U);
}

TEST_F(ApiTest, metrics_are_prometheus_text_on_both_ports) {
    metrics_.gauge("lean_demo", "a demo").Set(1);
    EXPECT_EQ(get("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(get("/metrics").body.find("lean_demo 1"), std::string::npos);
    EXPECT_EQ(api_.handle_metrics({"GET", "/metrics", ""}).body, get("/metrics").body);
}

}  // namespace
}  // namespace lepton::api
