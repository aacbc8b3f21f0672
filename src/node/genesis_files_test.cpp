// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/genesis_files.hpp"

#include "base/test_directory.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace lepton::node {
namespace {

const crypto::SignatureScheme& scheme() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_test);
}

NetworkProfile profile() {
    return network_profile("leanspec-test").value();
}

/// 104 digits of a canonical key: thirteen field elements, all `element`.
std::string key_hex(unsigned element) {
    std::string text;
    for (int i = 0; i < 13; ++i) text += fmt::format("{:02x}000000", element);
    return text;
}

PublicKey key(unsigned element) {
    return PublicKey(from_hex(key_hex(element)).value());
}

class GenesisFiles : public testing::Test {
  protected:
    std::string write(const std::string& text) {
        const std::string path = directory_ + "/file.yaml";
        std::ofstream(path) << text;
        return path;
    }
    std::string genesis_error(const std::string& text) {
        const auto read = read_genesis_file(write(text), profile(), scheme());
        return read ? "no error" : read.error().what.substr(directory_.size() + 1);
    }
    std::string annotated_error(const std::string& text) {
        const auto read = read_annotated_validators(write(text), "lepton_0", "keys", registry_);
        return read ? "no error" : read.error().what.substr(directory_.size() + 1);
    }

    const test::TestDirectory made_;
    const std::string directory_ = made_.path();
    Validators registry_{Validator{key(1), key(2), ValidatorIndex{0}},
                         Validator{key(3), key(4), ValidatorIndex{1}}};
};

TEST_F(GenesisFiles, config_yaml_of_lean_quickstart_is_read) {
    const std::string text = fmt::format(
        "# comment\nGENESIS_TIME: 1770407233\nATTESTATION_COMMITTEE_COUNT: 2\nACTIVE_EPOCH: 18\n"
        "MAX_ATTESTATIONS_DATA: 16\nVALIDATOR_COUNT: 2\nGENESIS_VALIDATORS:\n"
        "  - attestation_pubkey: \"{}\"\n    proposal_pubkey: \"0x{}\"\n"
        "  - attestation_public_key: {}\n    proposal_public_key: {}\n",
        key_hex(1),
        key_hex(2),
        key_hex(3),
        key_hex(4));
    const auto genesis = read_genesis_file(write(text), profile(), scheme());
    ASSERT_TRUE(genesis) << genesis.error().what;
    EXPECT_EQ(genesis->genesis_time, 1770407233U);
    EXPECT_EQ(genesis->attestation_committee_count, 2U);
    EXPECT_EQ(genesis->validators, registry_);
}

TEST_F(GenesisFiles, what_the_writer_writes_the_reader_reads) {
    const std::vector<ValidatorEntry> validators{{key(1), key(2)}, {key(3), key(4)}};
    const auto genesis =
        read_genesis_file(write(config_yaml(77, 1, 8, validators)), profile(), scheme());
    ASSERT_TRUE(genesis) << genesis.error().what;
    EXPECT_EQ(genesis->genesis_time, 77U);
    EXPECT_EQ(genesis->validators, registry_);

    SystemRandom random;
    const NodeEntry node{.name = "lepton_0",
                         .key = crypto::secp256k1::SecretKey::generate(random),
                         .ip = "127.0.0.1",
                         .quic_port = 1,
                         .api_port = 2,
                         .metrics_port = 3,
                         .is_aggregator = true,
                         .enr = "enr:-x",
                         .validators = {ValidatorIndex{1}}};
    const auto files = read_annotated_validators(
        write(annotated_validators_yaml({node}, validators)), "lepton_0", "/k", registry_);
    ASSERT_TRUE(files) << files.error().what;
    ASSERT_EQ((*files)->size(), 1U);
    EXPECT_EQ((*files)->front().index, ValidatorIndex{1});
    EXPECT_EQ((*files)->front().attestation_secret_key, "/k/validator_1_attester_key_sk.ssz");
    EXPECT_EQ((*files)->front().proposal_secret_key, "/k/validator_1_proposer_key_sk.ssz");

    const auto config = read_validator_config(write(validator_config_yaml({node}, 3, 8)));
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->attestation_committee_count, 3U);
    EXPECT_EQ(config->names.at(node.key.public_key().compressed()), "lepton_0");
}

TEST_F(GenesisFiles, a_wrong_config_is_one_line_with_file_line_and_expectation) {
    const std::string head = "GENESIS_TIME: 7\nGENESIS_VALIDATORS:\n";
    EXPECT_EQ(genesis_error("GENESIS_TIME: soon\n"),
              "file.yaml: line 1: expected GENESIS_TIME, a whole number");
    EXPECT_EQ(genesis_error("GENESIS_TIME: -1\n"),
              "file.yaml: line 1: expected GENESIS_TIME, a whole number");
    EXPECT_EQ(genesis_error("GENESIS_VALIDATORS: []\n"),
              "file.yaml: line 1: expected GENESIS_TIME");
    EXPECT_EQ(genesis_error("GENESIS_TIME: 7\nGENESIS_VALIDATORS: []\n"),
              "file.yaml: line 2: expected GENESIS_VALIDATORS, a list that is not empty");
    EXPECT_EQ(genesis_error(head + "  - attestation_pubkey: \"0102\"\n    proposal_pubkey: \"\"\n"),
              "file.yaml: line 3: expected a public key of 52 bytes (leansig-test), found 2");
    EXPECT_EQ(genesis_error(head + "  - proposal_pubkey: \"0102\"\n"),
              "file.yaml: line 3: expected a validator with attestation_pubkey");
    EXPECT_EQ(genesis_error(head + "  - attestation_pubkey: " + std::string(104, 'f') +
                            "\n    proposal_pubkey: 00\n"),
              "file.yaml: line 3: expected a valid public key: public_key_not_canonical");
    EXPECT_EQ(genesis_error(head + "  - attestation_pubkey: " + key_hex(1) +
                            "\n    proposal_pubkey: " + key_hex(1) + "\n"),
              "file.yaml: line 3: expected public keys that stand only once");
    EXPECT_TRUE(genesis_error("a: [1,\n").starts_with("file.yaml: line 2: no valid YAML: "));
    EXPECT_TRUE(genesis_error("a: \"\\\x01\"").ends_with("\\x01\""));
    EXPECT_NE(read_genesis_file("/no/such/file", profile(), scheme()).error().what, "");
}

TEST_F(GenesisFiles, a_name_that_stands_twice_is_refused) {
    EXPECT_EQ(genesis_error("GENESIS_TIME: 7\nGENESIS_VALIDATORS: []\nGENESIS_TIME: 8\n"),
              "file.yaml: line 3: expected \"GENESIS_TIME\" only once");
    EXPECT_EQ(annotated_error("lepton_0: []\nother: []\nlepton_0: []\n"),
              "file.yaml: line 3: expected \"lepton_0\" only once");
}

TEST_F(GenesisFiles, a_damaged_file_is_read_or_refused_in_one_line) {
    const std::vector<ValidatorEntry> validators{{key(1), key(2)}, {key(3), key(4)}};
    SeededRandom random(3);
    const NodeEntry node{.name = "lepton_0",
                         .key = crypto::secp256k1::SecretKey::generate(random),
                         .ip = "127.0.0.1",
                         .quic_port = 1,
                         .api_port = 2,
                         .metrics_port = 3,
                         .is_aggregator = true,
                         .enr = "enr:-x",
                         .validators = {ValidatorIndex{1}}};
    const std::vector<std::string> texts{config_yaml(77, 1, 8, validators),
                                         annotated_validators_yaml({node}, validators),
                                         validator_config_yaml({node}, 3, 8)};
    const std::string_view specials = "\n\t :-[]{}#&*!|>'\"%@`?,0x\\\x01\xff";
    std::size_t refused = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text = texts[random.below(texts.size())];
        for (std::uint64_t change = random.below(4); change < 4; ++change) {
            const std::size_t at = random.below(text.size());
            const char special = specials[random.below(specials.size())];
            const std::uint64_t way = random.below(4);
            if (way == 0) text[at] = special;
            if (way == 1) text.insert(at, 1, special);
            if (way == 2) text.erase(at, 1 + random.below(40));
            if (way == 3) text.resize(at);
            if (text.empty()) text = "x";
        }
        const std::string path = write(text);
        std::vector<std::string> errors;
        const auto note = [&](const auto& result) {
            if (!result) errors.push_back(result.error().what);
        };
        note(read_genesis_file(path, profile(), scheme()));
        note(read_annotated_validators(path, "lepton_0", "keys", registry_));
        note(read_validator_config(path));
        note(read_node_key(path));
        refused += errors.size();
        for (const std::string& error : errors) {
            EXPECT_TRUE(error.starts_with(path + ": ")) << error;
            EXPECT_EQ(error.find('\n'), std::string::npos) << error;
        }
    }
    EXPECT_GT(refused, 6000U);
}

TEST_F(GenesisFiles, deep_nesting_is_refused) {
    EXPECT_NE(genesis_error(std::string(100'000, '[')), "no error");
    EXPECT_NE(genesis_error(std::string(100'000, '{')), "no error");
}

TEST_F(GenesisFiles, annotated_validators_need_both_roles_of_a_known_key) {
    const auto row = [](unsigned index, unsigned element, const char* file) {
        return fmt::format("  - index: {}\n    pubkey_hex: {}\n    privkey_file: {}\n",
                           index,
                           key_hex(element),
                           file);
    };
    const std::string attester = row(0, 1, "validator_0_attester_sk.ssz");
    const std::string proposer = row(0, 2, "validator_0_proposer_sk.ssz");
    EXPECT_EQ(annotated_error("lepton_0:\n" + attester + proposer), "no error");
    EXPECT_EQ(annotated_error("lepton_0: []\n"), "no error");
    EXPECT_EQ(annotated_error("lepton_0:\n" + attester),
              "file.yaml: line 2: expected an attester and a proposer row for validator 0");
    EXPECT_EQ(annotated_error("lepton_0:\n" + attester + attester),
              "file.yaml: line 5: expected validator 0 only once per role");
    EXPECT_EQ(annotated_error("lepton_0:\n" + row(2, 1, "attester")),
              "file.yaml: line 2: expected an index below 2");
    EXPECT_EQ(
        annotated_error("lepton_0:\n" + row(0, 1, "validator_0.ssz")),
        "file.yaml: line 2: expected a privkey_file with either attester or proposer in its name");
    EXPECT_EQ(annotated_error("lepton_0:\n" + row(0, 2, "attester")),
              "file.yaml: line 2: expected the pubkey_hex that the genesis registry has for this "
              "index and role");
}

TEST_F(GenesisFiles, a_node_that_is_not_named_is_told_from_one_with_an_empty_list) {
    const auto keys_of = [&](const std::string& text) {
        return read_annotated_validators(write(text), "lepton_0", "keys", registry_).value();
    };
    EXPECT_EQ(keys_of("other: []\n"), std::nullopt);
    for (const char* text : {"lepton_0: []\n", "lepton_0:\n  []\n", "lepton_0:\r\nother: []\r\n"}) {
        ASSERT_TRUE(keys_of(text).has_value()) << text;
        EXPECT_TRUE(keys_of(text)->empty()) << text;
    }
}

TEST_F(GenesisFiles, a_byte_order_mark_is_no_part_of_the_text) {
    EXPECT_EQ(read_text_file(write("\xEF\xBB\xBFx\xEF\xBB\xBF"), 100).value(), "x\xEF\xBB\xBF");
    EXPECT_EQ(read_text_file(write("\xEF\xBBx"), 100).value(), "\xEF\xBBx");
}

TEST_F(GenesisFiles, node_key_may_have_a_prefix_and_a_line_break) {
    const std::string digits(64, '1');
    EXPECT_TRUE(read_node_key(write(digits)));
    EXPECT_TRUE(read_node_key(write("0x" + digits + "\n")));
    EXPECT_TRUE(read_node_key(write("\xEF\xBB\xBF" + digits + "\r\n")));
    for (const std::string& bad :
         {digits.substr(1), std::string(64, '0'), digits + "1", std::string("?")}) {
        const auto key = read_node_key(write(bad));
        ASSERT_FALSE(key) << bad;
        EXPECT_EQ(
            key.error().what,
            directory_ + "/file.yaml: expected a secp256k1 secret key, 64 hexadecimal digits");
    }
}

TEST_F(GenesisFiles, written_files_are_whole_and_secrets_are_private) {
    const std::string path = directory_ + "/secret";
    ASSERT_TRUE(write_file(path, "first", true));
    ASSERT_TRUE(write_file(path, "second", true));
    EXPECT_EQ(read_text_file(path, 100).value(), "second");
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    EXPECT_FALSE(write_file(directory_ + "/none/x", "", false));
}

TEST_F(GenesisFiles, a_file_above_the_bound_is_refused) {
    EXPECT_FALSE(read_text_file(write(std::string(101, 'x')), 100));
}

}  // namespace
}  // namespace lepton::node
