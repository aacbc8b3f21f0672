// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/test_driver.hpp"

#include "aggregation/bundle/bundle_backend.hpp"
#include "aggregation/test_keys.hpp"
#include "consensus/block_production.hpp"
#include "spec_driver/limits.hpp"
#include "types/genesis.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace lepton::spec_driver {
namespace {

constexpr std::size_t kValidators = 4;
const std::string kPlaceholder =
    "0x004d4f434b45442d4147475245474154494f4e2d50524f4f4600" + std::string(64, 'a');

// ---- vectors: the same shapes as the specification's generator writes

json::object data(json::value value) {
    return {{"data", std::move(value)}};
}

json::object bits_json(const ssz::Bits& bits) {
    json::array items;
    for (std::size_t i = 0; i < bits.size(); ++i) items.emplace_back(bits[i]);
    return data(std::move(items));
}

json::object checkpoint_json(const Checkpoint& checkpoint) {
    return {{"root", to_hex(checkpoint.root)}, {"slot", checkpoint.slot.value}};
}

json::object vote_json(const AttestationData& vote) {
    return {{"slot", vote.slot.value},
            {"head", checkpoint_json(vote.head)},
            {"target", checkpoint_json(vote.target)},
            {"source", checkpoint_json(vote.source)}};
}

json::object roots_json(const std::vector<Root>& roots) {
    json::array items;
    for (const Root& root : roots) items.emplace_back(to_hex(root));
    return data(std::move(items));
}

json::object block_json(const Block& block) {
    json::array attestations;
    for (const auto& [bits, vote] : block.body.attestations) {
        attestations.push_back(
            json::object{{"aggregationBits", bits_json(bits)}, {"data", vote_json(vote)}});
    }
    return {{"slot", block.slot.value},
            {"proposerIndex", block.proposer_index.value},
            {"parentRoot", to_hex(block.parent_root)},
            {"stateRoot", to_hex(block.state_root)},
            {"body", json::object{{"attestations", data(std::move(attestations))}}}};
}

json::object state_json(const State& state) {
    json::array validators;
    for (const Validator& validator : *state.validators) {
        validators.push_back(
            json::object{{"attestationPublicKey", to_hex(validator.attestation_public_key.bytes())},
                         {"proposalPublicKey", to_hex(validator.proposal_public_key.bytes())},
                         {"index", validator.index.value}});
    }
    const BlockHeader& header = state.latest_block_header;
    return {{"config", json::object{{"genesisTime", state.config.genesis_time}}},
            {"slot", state.slot.value},
            {"latestBlockHeader",
             json::object{{"slot", header.slot.value},
                          {"proposerIndex", header.proposer_index.value},
                          {"parentRoot", to_hex(header.parent_root)},
                          {"stateRoot", to_hex(header.state_root)},
                          {"bodyRoot", to_hex(header.body_root)}}},
            {"latestJustified", checkpoint_json(state.latest_justified)},
            {"latestFinalized", checkpoint_json(state.latest_finalized)},
            {"historicalBlockHashes", roots_json(state.historical_block_hashes)},
            {"justifiedSlots", bits_json(state.justified_slots)},
            {"validators", data(std::move(validators))},
            {"justificationsRoots", roots_json(state.justifications_roots)},
            {"justificationsValidators", bits_json(state.justifications_validators)}};
}

// ---- a chain of two blocks with real keys

Validators validators() {
    Validators all;
    for (std::size_t i = 0; i < kValidators; ++i) {
        all.push_back({aggregation::key_of(i), aggregation::key_of(i), ValidatorIndex{i}});
    }
    return all;
}

/// The votes of validators 0 to 2.
AggregationBits three_voters() {
    AggregationBits bits(3);
    for (std::size_t i = 0; i < 3; ++i) bits.set(i);
    return bits;
}

struct Chain {
    State genesis = genesis_state(1'000, validators());
    Block genesis_block = lepton::genesis_block(genesis);
    consensus::AssembledBlock first =
        consensus::assemble_block(genesis, Slot{1}, ValidatorIndex{1}, {}).value();
    /// Of block 1, from genesis.
    AttestationData vote{Slot{1}, block_1(), block_1(), {first.block.parent_root, Slot{0}}};
    consensus::AssembledBlock second =
        consensus::assemble_block(
            first.post_state, Slot{2}, ValidatorIndex{2}, {{three_voters(), vote}})
            .value();

    Checkpoint block_1() const { return {hash_tree_root(first.block), Slot{1}}; }
};

const Chain& chain() {
    static const Chain kChain;
    return kChain;
}

json::object init_request() {
    return {{"anchorState", state_json(chain().genesis)},
            {"anchorBlock", block_json(chain().genesis_block)},
            {"genesisTime", 1'000}};
}

json::object block_step(const Block& block) {
    return {{"stepType", "block"}, {"valid", true}, {"block", block_json(block)}};
}

json::object tick_step(std::uint64_t interval) {
    return {{"stepType", "tick"}, {"valid", true}, {"interval", interval}, {"hasProposal", false}};
}

json::object vote_step(std::size_t voter) {
    const Root root = hash_tree_root(chain().vote);
    const Bytes signature =
        aggregation::validator(voter).sign(chain().vote.slot.value, root.bytes).value();
    return {{"stepType", "attestation"},
            {"valid", true},
            {"isAggregator", true},
            {"attestation",
             json::object{{"validatorIndex", voter},
                          {"data", vote_json(chain().vote)},
                          {"signature", to_hex(signature)}}}};
}

json::object aggregate_step(std::string proof) {
    return {{"stepType", "gossipAggregatedAttestation"},
            {"valid", true},
            {"attestation",
             json::object{{"data", vote_json(chain().vote)},
                          {"proof",
                           json::object{{"participants", bits_json(three_voters())},
                                        {"proof", data(json::string(proof))}}}}}};
}

json::object transition_request(const State& pre, const std::vector<Block>& blocks) {
    json::array items;
    for (const Block& block : blocks) items.push_back(block_json(block));
    return {{"pre", state_json(pre)}, {"blocks", std::move(items)}};
}

json::object signatures_request(const Block& block, std::string proof) {
    return {{"anchorState", state_json(chain().genesis)},
            {"signedBlock",
             json::object{{"block", block_json(block)},
                          {"proof", json::object{{"proof", data(json::string(proof))}}}}}};
}

class TestDriverTest : public testing::Test {
  protected:
    api::HttpReply post(std::string_view route, std::string body) {
        return driver_.handle({.method = "POST",
                               .path = "/lean/v0/test_driver/" + std::string(route),
                               .body = std::move(body)});
    }
    api::HttpReply post(std::string_view route, const json::value& body) {
        return post(route, json::serialize(body));
    }
    void init() { ASSERT_EQ(post("fork_choice/init", init_request()).status, 204U); }

    /// The answer to a request that is well formed.
    json::object answer(std::string_view route, const json::value& body) {
        const api::HttpReply reply = post(route, body);
        EXPECT_EQ(reply.status, 200U) << reply.body;
        EXPECT_EQ(reply.content_type, "application/json");
        return json::parse(reply.body).as_object();
    }
    json::object step(const json::value& body) { return answer("fork_choice/step", body); }

    /// What is wrong with a request, which must be refused.
    std::string refusal(std::string_view route, const json::value& body, unsigned status = 400) {
        return error_of(post(route, body), status);
    }
    static std::string error_of(const api::HttpReply& reply, unsigned status) {
        EXPECT_EQ(reply.status, status) << reply.body;
        const json::value body = json::parse(reply.body);
        return std::string(body.at("error").as_string());
    }

    SystemClock clock_;
    Proofs proofs_{aggregation::bundle::make_backend, clock_};
    TestDriver driver_{proofs_};
};

TEST(AsksForDriver, one_true_and_yes_in_any_case_and_with_blanks_around) {
    for (const char* yes : {"1", "true", "yes", "TRUE", "Yes", " 1 ", "\ttrue\n"}) {
        EXPECT_TRUE(asks_for_driver(yes)) << yes;
    }
    for (const char* no : {"", " ", "0", "false", "no", "2", "11", "true yes", "y", "tru"}) {
        EXPECT_FALSE(asks_for_driver(no)) << no;
    }
}

// ---- routes and shapes

TEST_F(TestDriverTest, health_is_that_of_a_node) {
    const auto reply = driver_.handle({.method = "GET", .path = "/lean/v0/health", .body = {}});
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, R"({"status":"healthy","service":"lean-rpc-api"})");
}

TEST_F(TestDriverTest, other_routes_and_methods_are_refused) {
    const auto status = [&](const char* method, const char* path) {
        return driver_.handle({.method = method, .path = path, .body = {}}).status;
    };
    EXPECT_EQ(status("GET", "/lean/v0/fork_choice"), 404U);
    EXPECT_EQ(status("POST", "/lean/v0/test_driver/fork_choice"), 404U);
    EXPECT_EQ(status("POST", "/lean/v0/health"), 405U);
    EXPECT_EQ(status("GET", "/lean/v0/test_driver/fork_choice/step"), 405U);
}

TEST_F(TestDriverTest, what_is_no_json_object_is_refused_with_the_reason) {
    EXPECT_TRUE(error_of(post("fork_choice/init", std::string("{")), 400)
                    .starts_with("the body is not JSON: "));
    EXPECT_TRUE(error_of(post("state_transition/run", std::string()), 400)
                    .starts_with("the body is not JSON: "));
    EXPECT_EQ(error_of(post("fork_choice/init", std::string("[]")), 400), "an object was expected");
}

TEST_F(TestDriverTest, deep_nesting_is_refused) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    EXPECT_TRUE(error_of(post("fork_choice/init", "{\"anchorState\":" + deep + "}"), 400)
                    .starts_with("the body is not JSON: "));
}

TEST_F(TestDriverTest, a_refusal_names_the_member) {
    json::object request = init_request();
    request.erase("anchorBlock");
    EXPECT_EQ(refusal("fork_choice/init", request), "member 'anchorBlock' is missing");
    request = init_request();
    request["anchorState"].at("latestJustified").as_object()["slot"] = -1;
    EXPECT_EQ(refusal("fork_choice/init", request), "latestJustified: slot: a number was expected");
}

// ---- fork choice

TEST_F(TestDriverTest, a_step_without_a_store_is_a_conflict) {
    EXPECT_EQ(refusal("fork_choice/step", tick_step(1), 409),
              "no store: fork_choice/init comes first");
}

TEST_F(TestDriverTest, an_anchor_of_another_state_is_refused_and_leaves_no_store) {
    init();
    json::object request = init_request();
    request["genesisTime"] = 1'001;
    EXPECT_EQ(refusal("fork_choice/init", request), "ANCHOR_STATE_ROOT_MISMATCH");
    refusal("fork_choice/step", tick_step(1), 409);
}

TEST_F(TestDriverTest, init_begins_anew) {
    init();
    step(tick_step(7));
    init();
    const json::object now = step(tick_step(0));
    EXPECT_EQ(now.at("snapshot").at("time"), 0);
}

TEST_F(TestDriverTest, steps_answer_with_what_hive_compares) {
    init();
    const std::string anchor = to_hex(hash_tree_root(chain().genesis_block));
    const json::object anchor_point{{"slot", 0}, {"root", anchor}};
    const json::object ticked = step(tick_step(3));
    EXPECT_EQ(ticked,
              (json::object{{"accepted", true},
                            {"error", nullptr},
                            {"snapshot",
                             json::object{{"headSlot", 0},
                                          {"headRoot", anchor},
                                          {"time", 3},
                                          {"justifiedCheckpoint", anchor_point},
                                          {"finalizedCheckpoint", anchor_point},
                                          {"safeTarget", anchor}}}}));
    EXPECT_EQ(step(block_step(chain().first.block)).at("accepted"), true);
    const json::object imported = step(block_step(chain().second.block));
    EXPECT_EQ(imported.at("accepted"), true);
    const json::value& snapshot = imported.at("snapshot");
    EXPECT_EQ(snapshot.at("headSlot"), 2);
    EXPECT_EQ(snapshot.at("headRoot"), json::string(to_hex(hash_tree_root(chain().second.block))));
    EXPECT_EQ(snapshot.at("time"), 2 * kIntervalsPerSlot);
    const auto block_1 = chain().block_1();
    EXPECT_EQ(snapshot.at("justifiedCheckpoint"),
              (json::object{{"slot", 1}, {"root", to_hex(block_1.root)}}));
}

TEST_F(TestDriverTest, a_step_that_the_rules_refuse_is_answered_with_the_reason) {
    init();
    const json::object refused = step(block_step(chain().second.block));
    EXPECT_EQ(refused.at("accepted"), false);
    EXPECT_EQ(refused.at("error"), "UNKNOWN_PARENT_BLOCK");
    EXPECT_EQ(refused.at("snapshot").at("headSlot"), 0);
}

TEST_F(TestDriverTest, a_step_of_checks_alone_changes_nothing) {
    init();
    step(tick_step(4));
    EXPECT_EQ(step({{"stepType", "checks"}}).at("snapshot").at("time"), 4);
    EXPECT_EQ(refusal("fork_choice/step", {{"stepType", "dance"}}), "unknown stepType \"dance\"");
}

TEST_F(TestDriverTest, the_time_moves_by_a_bounded_number_of_intervals) {
    init();
    EXPECT_EQ(step(tick_step(kTickIntervalsMax)).at("snapshot").at("time"), kTickIntervalsMax);
    EXPECT_EQ(refusal("fork_choice/step", tick_step(2 * kTickIntervalsMax + 1)),
              "the time moves too far in one step");
    Block far = chain().first.block;
    far.slot = Slot{std::numeric_limits<std::uint64_t>::max()};
    EXPECT_EQ(refusal("fork_choice/step", block_step(far)), "the time moves too far in one step");
    json::object seconds{{"stepType", "tick"}, {"time", std::numeric_limits<std::uint64_t>::max()}};
    EXPECT_EQ(refusal("fork_choice/step", seconds), "time: beyond the range of milliseconds");
    EXPECT_EQ(step({{"stepType", "checks"}}).at("snapshot").at("time"), kTickIntervalsMax);
}

TEST_F(TestDriverTest, signatures_of_single_votes_are_checked) {
    init();
    step(block_step(chain().first.block));
    EXPECT_EQ(step(vote_step(0)).at("accepted"), true);
    json::object forged = vote_step(0);
    forged["attestation"].as_object()["validatorIndex"] = 1;
    EXPECT_EQ(step(forged).at("error"), "INVALID_SIGNATURE");
    forged["attestation"].as_object()["signature"] = "0x";
    EXPECT_EQ(step(forged).at("error"), "INVALID_SIGNATURE");
}

TEST_F(TestDriverTest, of_aggregates_a_placeholder_and_a_true_proof_pass_and_nothing_else) {
    init();
    step(block_step(chain().first.block));
    EXPECT_EQ(step(aggregate_step(kPlaceholder)).at("accepted"), true);
    EXPECT_EQ(step(aggregate_step("0x")).at("error"), "INVALID_SIGNATURE");
    EXPECT_EQ(step(aggregate_step("0x00")).at("error"), "INVALID_SIGNATURE");
    EXPECT_EQ(step(aggregate_step("0x01" + kPlaceholder.substr(4))).at("error"),
              "INVALID_SIGNATURE");

    aggregation::AggregateJob job{hash_tree_root(chain().vote), chain().vote.slot, {}, {}};
    for (std::size_t i = 0; i < 3; ++i) {
        job.raw_signatures.push_back(
            {ValidatorIndex{i},
             aggregation::key_of(i),
             Signature{aggregation::validator(i).sign(job.slot.value, job.message.bytes).value()}});
    }
    const auto backend = aggregation::bundle::make_backend(
        aggregation::test_scheme(),
        {.proof_size_max = kProofSizeMax, .components_max = 9},
        [](auto task) { task(); },
        clock_);
    std::string proof;
    backend->submit(std::move(job), {}, [&](auto made) { proof = to_hex(made.value().proof); });
    EXPECT_EQ(step(aggregate_step(proof)).at("accepted"), true);
    proof.back() = proof.back() == '0' ? '1' : '0';
    EXPECT_EQ(step(aggregate_step(proof)).at("error"), "INVALID_SIGNATURE");
}

TEST_F(TestDriverTest, what_a_step_expects_is_not_looked_at) {
    json::object expecting = block_step(chain().first.block);
    expecting["valid"] = false;
    expecting["rejectionReason"] = "UNKNOWN_PARENT_BLOCK";
    expecting["checks"] = json::object{{"headSlot", 7}};
    expecting["storeSnapshot"] = 1;
    init();
    const json::object answered = step(expecting);
    EXPECT_EQ(answered.at("accepted"), true);
    init();
    EXPECT_EQ(answered, step(block_step(chain().first.block)));
}

TEST_F(TestDriverTest, lists_beyond_their_limit_are_refused) {
    json::object request = init_request();
    request["anchorState"].at("validators").as_object()["data"] = json::array(
        kValidatorRegistryLimit + 1, request["anchorState"].at("validators").at("data").at(0));
    EXPECT_EQ(refusal("fork_choice/init", request), "validators: too many elements");
    request = init_request();
    request["anchorState"].at("justifiedSlots").as_object()["data"] =
        json::array(kHistoricalRootsLimit + 1, true);
    EXPECT_EQ(refusal("fork_choice/init", request), "justifiedSlots: too many bits");
    init();
    EXPECT_EQ(
        refusal("fork_choice/step", aggregate_step("0x" + std::string(2 * kProofSizeMax + 2, '0'))),
        "proof: proof: too many bytes");
}

// ---- state transition

TEST_F(TestDriverTest, a_transition_answers_with_the_post_state) {
    const State& post = chain().second.post_state;
    EXPECT_EQ(
        answer("state_transition/run",
               transition_request(chain().genesis, {chain().first.block, chain().second.block})),
        (json::object{{"succeeded", true},
                      {"error", nullptr},
                      {"post",
                       json::object{{"slot", 2},
                                    {"latestBlockHeaderSlot", 2},
                                    {"latestBlockHeaderStateRoot",
                                     to_hex(post.latest_block_header.state_root)},
                                    {"historicalBlockHashesCount", 2}}}}));
}

TEST_F(TestDriverTest, a_transition_that_fails_answers_with_the_reason) {
    Block block = chain().first.block;
    block.state_root = Root{};
    EXPECT_EQ(
        answer("state_transition/run", transition_request(chain().genesis, {block})),
        (json::object{{"succeeded", false}, {"error", "STATE_ROOT_MISMATCH"}, {"post", nullptr}}));
}

TEST_F(TestDriverTest, without_blocks_and_with_a_reason_a_block_is_to_be_made) {
    json::object request = transition_request(chain().second.post_state, {});
    EXPECT_EQ(answer("state_transition/run", request).at("succeeded"), true);
    request["rejectionReason"] = "BLOCK_SLOT_NOT_IN_FUTURE";
    EXPECT_EQ(answer("state_transition/run", request).at("error"), "BLOCK_SLOT_NOT_IN_FUTURE");
    // Not the reason decides, but what happens.
    request["pre"] = state_json(chain().genesis);
    EXPECT_EQ(answer("state_transition/run", request).at("succeeded"), true);
}

TEST_F(TestDriverTest, two_tests_by_name_skip_slot_processing) {
    json::object request = transition_request(chain().genesis, {chain().first.block});
    request["_info"] = json::object{{"testId", "a.py::test_block_with_wrong_slot[fork_Lstar]"}};
    EXPECT_EQ(answer("state_transition/run", request).at("error"), "BLOCK_SLOT_MISMATCH");
}

TEST_F(TestDriverTest, the_blocks_of_a_transition_are_bounded) {
    json::object request = transition_request(chain().genesis, {});
    request["blocks"] = json::array(kTransitionBlocksMax + 1, block_json(chain().first.block));
    EXPECT_EQ(refusal("state_transition/run", request), "blocks: too many");
}

// ---- signatures

TEST_F(TestDriverTest, a_block_passes_with_a_placeholder_and_with_no_other_bytes) {
    const auto run = [&](const Block& block, const std::string& proof) {
        return answer("verify_signatures/run", signatures_request(block, proof));
    };
    EXPECT_EQ(run(chain().second.block, kPlaceholder),
              (json::object{{"succeeded", true}, {"error", nullptr}}));
    EXPECT_EQ(
        run(chain().second.block, "0x" + std::string(100, '1')),
        (json::object{{"succeeded", false}, {"error", "INVALID_BLOCK_PROOF (foreign_proof)"}}));
    Block block = chain().second.block;
    block.proposer_index = ValidatorIndex{kValidators};
    EXPECT_EQ(run(block, kPlaceholder).at("error"), "PROPOSER_INDEX_OUT_OF_RANGE");
}

// ---- whatever comes

const std::vector<json::value> kReplacements{nullptr,
                                             true,
                                             -1,
                                             0,
                                             3,
                                             0.5,
                                             1e300,
                                             std::numeric_limits<std::uint64_t>::max(),
                                             "",
                                             "0x",
                                             "0xzz",
                                             "18446744073709551616",
                                             json::string(to_hex(Root{})),
                                             json::array{},
                                             json::array(300, true),
                                             json::object{},
                                             data(json::array{}),
                                             data(json::array(5'000, 1))};

/// Calls `visit` with every value below `value`, which may be changed meanwhile.
void for_each_value(json::value& value, const std::function<void(json::value&)>& visit) {
    visit(value);
    if (value.is_object()) {
        for (auto& member : value.get_object()) for_each_value(member.value(), visit);
    } else if (value.is_array()) {
        for (json::value& item : value.get_array()) for_each_value(item, visit);
    }
}

TEST_F(TestDriverTest, any_member_may_be_anything) {
    const std::pair<std::string_view, json::value> requests[]{
        {"fork_choice/init", init_request()},
        {"fork_choice/step", block_step(chain().second.block)},
        {"fork_choice/step", tick_step(8)},
        {"fork_choice/step", vote_step(0)},
        {"fork_choice/step", aggregate_step(kPlaceholder)},
        {"state_transition/run",
         transition_request(chain().first.post_state, {chain().second.block})},
        {"verify_signatures/run", signatures_request(chain().second.block, kPlaceholder)}};
    std::size_t refused = 0;
    for (const auto& [route, original] : requests) {
        json::value request = original;
        for_each_value(request, [&](json::value& place) {
            const json::value kept = place;
            for (const json::value& replacement : kReplacements) {
                if (route == "fork_choice/step") {
                    init();
                    step(block_step(chain().first.block));
                }
                place = replacement;
                const api::HttpReply reply = post(route, request);
                EXPECT_TRUE(reply.status == 200 || reply.status == 204 || reply.status == 400)
                    << reply.status << " " << reply.body;
                if (reply.status == 400) ++refused;
            }
            place = kept;
        });
        EXPECT_EQ(request, original);
    }
    EXPECT_GT(refused, 1'000U);
}

TEST_F(TestDriverTest, an_anchor_may_be_any_state) {
    json::value state = state_json(chain().first.post_state);
    std::size_t imported = 0;
    for_each_value(state, [&](json::value& place) {
        const json::value kept = place;
        for (const json::value& replacement : kReplacements) {
            place = replacement;
            State anchor;
            try {
                anchor = read_as<State>(state);
            } catch (const BadVector&) {
                continue;
            }
            // The block whose post-state it is, as far as it can be one.
            const BlockHeader& header = anchor.latest_block_header;
            const Block block{.slot = header.slot,
                              .proposer_index = header.proposer_index,
                              .parent_root = header.parent_root,
                              .state_root = hash_tree_root(anchor),
                              .body = {}};
            const json::object request{{"anchorState", state}, {"anchorBlock", block_json(block)}};
            const api::HttpReply begun = post("fork_choice/init", request);
            EXPECT_EQ(begun.status, anchor.validators->empty() ? 400U : 204U) << begun.body;
            if (begun.status != 204) continue;
            post("fork_choice/step", tick_step(12));
            const auto next = consensus::assemble_block(
                anchor, Slot{2}, ValidatorIndex{2}, {{three_voters(), chain().vote}});
            const api::HttpReply reply =
                post("fork_choice/step", block_step(next ? next->block : chain().second.block));
            EXPECT_TRUE(reply.status == 200 || reply.status == 400) << reply.body;
            if (reply.body.find("\"accepted\":true") != std::string::npos) ++imported;
            post("fork_choice/step", vote_step(0));
            post("fork_choice/step", aggregate_step(kPlaceholder));
            post("fork_choice/step", tick_step(24));
        }
        place = kept;
    });
    EXPECT_GT(imported, 10U);
}

}  // namespace
}  // namespace lepton::spec_driver
