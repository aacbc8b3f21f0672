// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The handlers of formats without proofs: what is right passes, and whatever differs does not.
#include "consensus/block_production.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"
#include "spec/test_vectors.hpp"
#include "types/genesis.hpp"

#include <gtest/gtest.h>

namespace lepton::spec {
namespace {

using Status = Outcome::Status;

// ---- ssz

TEST(Ssz, limits_and_sizes_are_those_of_the_scheme) {
    constexpr std::size_t kSignatureSizeTest = 424;
    constexpr std::size_t kSignatureSizeProd = 2536;
    for (const auto& [env, size] :
         {std::pair{"test", kSignatureSizeTest}, std::pair{"prod", kSignatureSizeProd}}) {
        const auto& scheme = *crypto::find_signature_scheme(fmt::format("leansig-{}", env));
        ASSERT_EQ(scheme.signature_size(), size);
        // A signature of zeros has the offsets of a real one.
        Bytes bytes(size);
        const std::size_t path = 36;
        const std::size_t hashes = env == std::string_view("test") ? 296 : 1064;
        bytes[0] = path;
        bytes[32] = static_cast<std::uint8_t>(hashes & 0xff);
        bytes[33] = static_cast<std::uint8_t>(hashes >> 8);
        bytes[path] = 4;
        ASSERT_TRUE(scheme.check_signature(bytes));
        const json::object vector =
            with(vector_of("ssz_test",
                           {{"typeName", "Signature"},
                            {"value", hex(bytes)},
                            {"serialized", hex(bytes)},
                            {"root", hex(Root{scheme.signature_root(bytes)})}}),
                 "leanEnv",
                 env);
        expect_passed(vector);
        expect_failed(with(vector, "root", hex(Root{})), "root: got");
        expect_failed(with(vector, "leanEnv", env == std::string_view("test") ? "prod" : "test"),
                      "");
    }
}

// ---- poseidon_permutation

template <std::size_t Width>
json::object permutation() {
    json::array input;
    json::array output;
    crypto::xmss::Lanes<Width> states;
    for (std::size_t i = 0; i < Width; ++i) {
        states.rows[i].fill(static_cast<crypto::xmss::Fp>(i));
        input.emplace_back(std::to_string(i));
    }
    const auto& kernel = crypto::xmss::poseidon_kernels::portable();
    if constexpr (Width == 16)
        kernel.permute16(states);
    else
        kernel.permute24(states);
    for (const auto& row : states.rows) output.emplace_back(std::to_string(row[0]));
    return vector_of("poseidon_permutation_test",
                     {{"width", Width}, {"inputState", input}, {"outputState", output}});
}

TEST(PoseidonPermutation, both_widths_are_computed) {
    expect_passed(permutation<16>());
    expect_passed(permutation<24>());
}

TEST(PoseidonPermutation, another_output_fails) {
    json::object vector = permutation<16>();
    json::array& output = vector["outputState"].as_array();
    std::swap(output[0], output[1]);
    expect_failed(vector, "outputState by ");
}

TEST(PoseidonPermutation, what_is_no_state_fails) {
    expect_failed(with(permutation<16>(), "width", 17), "unknown width 17");
    expect_failed(with(permutation<16>(), "width", 24), "a state of another width");
    json::object vector = permutation<16>();
    vector["inputState"].as_array()[3] = "2130706433";
    expect_failed(vector, "2130706433 is no element");
    expect_failed(with(permutation<16>(), "rounds", 8), "unknown member 'rounds'");
}

// ---- sync

Validators validators(std::size_t count) {
    Validators all;
    for (std::size_t i = 0; i < count; ++i) {
        const auto [attestation, proposal] = validator_keys(i);
        all.push_back({attestation, proposal, ValidatorIndex{i}});
    }
    return all;
}

json::object checkpoint(std::size_t validator_count, bool is_valid) {
    const State state = genesis_state(0, validators(validator_count));
    return vector_of(
        "sync_test",
        {{"operation",
          {{"kind", "verify_checkpoint"}, {"numValidators", validator_count}, {"anchorSlot", 0}}},
         {"output",
          {{"valid", is_valid},
           {"stateBytes", hex(ssz::encode(state))},
           {"validatorCount", validator_count},
           {"anchorSlot", 0}}}});
}

TEST(Sync, a_state_with_validators_is_a_checkpoint) {
    expect_passed(checkpoint(4, true));
    expect_passed(checkpoint(0, false));
}

TEST(Sync, another_verdict_or_another_state_fails) {
    expect_failed(checkpoint(4, false), "valid: got true, expected false");
    expect_failed(checkpoint(0, true), "valid: got false, expected true");
    json::object vector = checkpoint(4, true);
    vector["output"].as_object()["stateBytes"] = hex(Bytes{1, 2, 3});
    expect_failed(vector, "valid: got false");
    for (const auto& [where, member, what] :
         {std::tuple{"operation", "numValidators", "validators: got 4"},
          std::tuple{"output", "validatorCount", "validators: got 4"},
          std::tuple{"operation", "anchorSlot", "anchorSlot: got 0"},
          std::tuple{"output", "anchorSlot", "anchorSlot: got 0"}}) {
        json::object wrong = checkpoint(4, true);
        wrong[where].as_object()[member] = 3;
        expect_failed(wrong, what);
    }
}

TEST(Sync, what_is_unknown_fails) {
    for (const auto& [where, member] : {std::pair{"operation", "kind"},
                                        std::pair{"operation", "surprise"},
                                        std::pair{"output", "surprise"}}) {
        json::object vector = checkpoint(4, true);
        vector[where].as_object()[member] = "download";
        expect_failed(vector, "unknown ");
    }
}

// ---- api_endpoint

json::object request(std::string_view method,
                     std::string_view endpoint,
                     std::string_view content_type,
                     const json::value& body) {
    return vector_of("api_endpoint_test",
                     {{"endpoint", endpoint},
                      {"method", method},
                      {"genesisParams", {{"numValidators", 4}, {"genesisTime", 7}}},
                      {"initialIsAggregator", false},
                      {"expectedStatusCode", 200},
                      {"expectedContentType", content_type},
                      {"expectedBody", body}});
}

json::object at_slot_two(json::object vector) {
    vector["genesisParams"].as_object()["anchorSlot"] = 2;
    return vector;
}

/// The state that two empty blocks lead to.
consensus::AssembledBlock second_block() {
    const State genesis = genesis_state(7, validators(4));
    const auto first = consensus::assemble_block(genesis, Slot{1}, ValidatorIndex{1}, {}).value();
    return consensus::assemble_block(first.post_state, Slot{2}, ValidatorIndex{2}, {}).value();
}

TEST(ApiEndpoint, json_is_compared_member_for_member) {
    const Root genesis = hash_tree_root(genesis_block(genesis_state(7, validators(4))));
    const json::object vector = request("GET",
                                        "/lean/v0/checkpoints/justified",
                                        "application/json",
                                        {{"root", hex(genesis)}, {"slot", 0}});
    expect_passed(vector);
    expect_failed(with(vector, "expectedBody", {{"root", hex(genesis)}, {"slot", 1}}), "body: got");
    expect_failed(with(vector, "expectedBody", {{"root", hex(genesis)}}), "body: got");
    expect_failed(with(vector, "expectedBody", {{"root", hex(genesis)}, {"slot", 0}, {"x", 0}}),
                  "body: got");
}

TEST(ApiEndpoint, status_and_content_type_are_exact) {
    const json::object vector = request("GET",
                                        "/lean/v0/health",
                                        "application/json",
                                        {{"status", "healthy"}, {"service", "lean-rpc-api"}});
    expect_passed(vector);
    expect_passed(at_slot_two(vector));
    expect_passed(with(vector, "leanEnv", "prod"));
    expect_failed(with(vector, "expectedStatusCode", 201), "status: got 200, expected 201");
    expect_failed(with(vector, "expectedContentType", "application/json; charset=utf-8"),
                  "content type: got application/json,");
    expect_failed(with(vector, "endpoint", "/lean/v0/wealth"), "status: got 404");
    expect_failed(with(vector, "method", "PUT"), "status: got 405");
}

TEST(ApiEndpoint, the_node_begins_at_the_block_of_the_vector) {
    const auto [block, state] = second_block();
    expect_passed(at_slot_two(request(
        "GET", "/lean/v0/states/finalized", "application/octet-stream", hex(ssz::encode(state)))));
    expect_passed(at_slot_two(request("GET",
                                      "/lean/v0/checkpoints/justified",
                                      "application/json",
                                      {{"slot", 2}, {"root", hex(hash_tree_root(block))}})));
    expect_failed(request("GET",
                          "/lean/v0/states/finalized",
                          "application/octet-stream",
                          hex(ssz::encode(state))),
                  "body: got");
}

TEST(ApiEndpoint, the_role_is_as_given_and_can_be_switched) {
    json::object vector = request("POST",
                                  "/lean/v0/admin/aggregator",
                                  "application/json",
                                  {{"is_aggregator", true}, {"previous", false}});
    vector["requestBody"] = {{"enabled", true}};
    expect_passed(vector);
    expect_failed(with(vector, "initialIsAggregator", true), "body: got");
    expect_failed(with(vector, "requestBody", {{"enabled", 1}}), "status: got 400");
    const json::object get =
        request("GET", "/lean/v0/admin/aggregator", "application/json", {{"is_aggregator", true}});
    expect_failed(get, "body: got");
    expect_passed(with(get, "initialIsAggregator", true));
}

TEST(ApiEndpoint, metrics_are_asked_for_by_name) {
    const auto metrics = [](const json::value& names) {
        return request("GET",
                       "/metrics",
                       "text/plain; version=0.0.4; charset=utf-8",
                       {{"required_metric_names", names}});
    };
    expect_passed(metrics({"lean_node_info",
                           "lean_head_slot",
                           "lean_state_transition_time_seconds",
                           "lean_connected_peers"}));
    expect_failed(metrics({"lean_head_slot", "lean_head"}), "metric lean_head is missing");
    expect_failed(metrics({"lean_node_info", "lean_node"}), "metric lean_node is missing");
}

TEST(ApiEndpoint, a_chain_that_cannot_be_made_is_no_pass) {
    json::object vector = request("GET", "/lean/v0/health", "application/json", {});
    const auto params = [&](const json::value& value) {
        return with(vector, "genesisParams", value);
    };
    expect_failed(params({{"numValidators", 0}, {"genesisTime", 0}}), "without validators");
    expect_failed(params({{"numValidators", 5}, {"genesisTime", 0}}), "more validators");
    expect_failed(params({{"numValidators", 4}, {"genesisTime", 0}, {"forks", 1}}),
                  "unknown member 'forks'");
    expect_failed(with(vector, "surprise", 1), "unknown member 'surprise'");
    const Outcome outcome = run_vector("api_endpoint_test", "id", vector, {}, {});
    EXPECT_EQ(outcome.status, Status::skipped);
    EXPECT_EQ(outcome.reason,
              "its key set is not among the files: " + test_key_sets().begin()->first);
}

}  // namespace
}  // namespace lepton::spec
