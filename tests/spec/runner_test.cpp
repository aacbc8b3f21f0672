// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the runner does with folders, files and the members that every vector has.
#include "spec/test_vectors.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace lepton::spec {
namespace {

namespace fs = std::filesystem;
using Status = Outcome::Status;

class VectorFolder : public testing::Test {
  protected:
    VectorFolder() { fs::create_directories(path_); }
    ~VectorFolder() override { fs::remove_all(path_); }

    void write(const std::string& name, std::string_view text) {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }
    void write(const std::string& name, const json::object& content) {
        write(name, json::serialize(content));
    }
    std::vector<VectorResult> run(const Skips& skips = {}) { return run_folder(path_, skips); }

    fs::path path_ = fs::path(testing::TempDir()) /
                     testing::UnitTest::GetInstance()->current_test_info()->name();
};

json::object delta_vector() {
    return vector_of(
        "justifiability_test",
        {{"slot", 5}, {"finalizedSlot", 2}, {"output", {{"delta", 3}, {"isJustifiable", true}}}});
}

Outcome run(const json::object& vector) {
    return run_vector("justifiability_test", "id", vector, {}, {});
}

TEST_F(VectorFolder, every_vector_is_a_result_by_name_in_the_order_of_files) {
    write("b.json", json::object{{"second", delta_vector()}});
    json::object wrong = delta_vector();
    wrong["output"].as_object()["delta"] = 4;
    write("a/first.json", json::object{{"one", delta_vector()}, {"two", wrong}});
    write("README.md", "not a vector");
    const auto results = run();
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].file, "a/first.json");
    EXPECT_EQ(results[0].id, "one");
    EXPECT_EQ(results[0].format, "justifiability");
    EXPECT_EQ(results[0].outcome.status, Status::passed);
    EXPECT_EQ(results[1].id, "two");
    EXPECT_EQ(results[1].outcome.status, Status::failed);
    EXPECT_EQ(results[1].outcome.reason, "delta: got 3, expected 4");
    EXPECT_EQ(results[2].id, "second");
}

TEST_F(VectorFolder, a_file_that_cannot_be_opened_or_parsed_fails) {
    fs::create_symlink(path_ / "nowhere.json", path_ / "broken.json");
    write("half.json", R"({"id": {)");
    write("list.json", "[1, 2]");
    const auto results = run();
    ASSERT_EQ(results.size(), 3U);
    for (const VectorResult& result : results) {
        EXPECT_EQ(result.outcome.status, Status::failed) << result.file;
        EXPECT_EQ(result.format, "unreadable");
    }
    EXPECT_EQ(results[0].outcome.reason, "the file cannot be read");
    EXPECT_EQ(results[1].outcome.reason, "not a JSON object");
}

TEST_F(VectorFolder, a_vector_without_a_format_fails_and_an_unknown_file_is_skipped_by_name) {
    json::object nameless = delta_vector();
    nameless.erase("_info");
    write("a.json", json::object{{"nameless", nameless}, {"number", 1}});
    write("b.bin", "?");
    const auto results = run();
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].outcome.status, Status::failed);
    EXPECT_EQ(results[1].outcome.status, Status::failed);
    EXPECT_EQ(results[2].outcome.status, Status::skipped);
    EXPECT_EQ(results[2].id, "b.bin");
}

TEST_F(VectorFolder, what_the_list_says_is_skipped_with_its_reason) {
    write("a.json", json::object{{"one", delta_vector()}});
    Skips skips;
    skips.vectors["one"] = "a later rule";
    const auto results = run(skips);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].outcome.status, Status::skipped);
    EXPECT_EQ(results[0].outcome.reason, "a later rule");
}

TEST_F(VectorFolder, an_entry_of_the_list_without_a_vector_is_stale) {
    write("a.json", json::object{{"one", delta_vector()}, {"two", delta_vector()}});
    Skips skips;
    skips.vectors["one"] = "a later rule";
    skips.members["two"]["delta"] = "a later rule";
    EXPECT_TRUE(stale_skips(skips, run(skips)).empty());
    skips.vectors["gone"] = "a later rule";
    skips.members["renamed"]["delta"] = "a later rule";
    const auto stale = stale_skips(skips, run(skips));
    ASSERT_EQ(stale.size(), 2U);
    EXPECT_EQ(stale[0].id, "gone");
    EXPECT_EQ(stale[1].id, "renamed");
    EXPECT_EQ(stale[0].outcome.status, Status::failed);
    EXPECT_EQ(stale[1].outcome.status, Status::failed);
}

TEST_F(VectorFolder, key_files_are_tried_and_serve_the_vectors_that_name_their_digest) {
    const json::object pair{{"public_key", hex(validator_keys(0).attestation)},
                            {"secret_key", hex(aggregation::validator(0).serialize())}};
    json::object wrong = pair;
    wrong["public_key"] = hex(validator_keys(0).proposal);
    write("keys/test_scheme/0.json",
          json::object{{"attestation_keypair", pair}, {"proposal_keypair", wrong}});
    const auto results = run();
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].format, "xmss");
    EXPECT_EQ(results[0].outcome.status, Status::passed) << results[0].outcome.reason;
    EXPECT_EQ(results[1].outcome.status, Status::failed) << "a secret key of another public key";

    const KeySets sets = find_key_sets(path_);
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets.begin()->first, key_set_digest({validator_keys(0)}));
    EXPECT_EQ(sets.begin()->second.front().attestation, validator_keys(0).attestation);
}

TEST(RunVector, judges_what_every_vector_has) {
    EXPECT_EQ(run(delta_vector()).status, Status::passed);
    const auto with = [](std::string_view member, const json::value& value) {
        json::object vector = delta_vector();
        vector[member] = value;
        return run(vector);
    };
    EXPECT_EQ(with("leanEnv", "prod").status, Status::passed);
    EXPECT_EQ(with("leanEnv", "mainnet").status, Status::failed);
    EXPECT_EQ(with("proofSetting", 3).reason, "malformed vector: unknown proofSetting 3");
    EXPECT_EQ(with("proofSetting", 2).status, Status::failed) << "and no proof is to be refused";
    EXPECT_EQ(with("surprise", 1).reason, "malformed vector: unknown member 'surprise'");
    EXPECT_EQ(with("rejectionReason", "DECODE_ERROR").status, Status::failed) << "nobody reads it";
    for (const char* member : {"leanEnv", "proofSetting", "slot", "output"}) {
        json::object vector = delta_vector();
        vector.erase(member);
        EXPECT_EQ(run(vector).reason,
                  fmt::format("malformed vector: member '{}' is missing", member));
    }
}

TEST(RunVector, skips_a_format_that_it_does_not_know) {
    const Outcome outcome = run_vector("dream_test", "id", delta_vector(), {}, {});
    EXPECT_EQ(outcome.status, Status::skipped);
    EXPECT_EQ(outcome.reason, "no handler for this format");
}

TEST(KeySetDigest, names_keys_and_order) {
    const KeySet keys{validator_keys(0), validator_keys(1)};
    EXPECT_EQ(key_set_digest(keys).size(), 66U);
    EXPECT_NE(key_set_digest(keys), key_set_digest({keys[1], keys[0]}));
    EXPECT_NE(key_set_digest(keys), key_set_digest({keys[0]}));
}

}  // namespace
}  // namespace lepton::spec
