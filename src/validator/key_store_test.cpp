// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/key_store.hpp"

#include "base/test_directory.hpp"
#include "crypto/sha256.hpp"
#include "validator/test_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace lepton::validator {
namespace {

/// Two validators with key files.
class KeyStoreTest : public ::testing::Test {
  protected:
    void SetUp() override {
        for (std::uint64_t i = 0; i < 2; ++i) {
            const TestKey& attestation = test_key(2 * i);
            const TestKey& proposal = test_key(2 * i + 1);
            registry_.push_back({PublicKey(attestation.public_key),
                                 PublicKey(proposal.public_key),
                                 ValidatorIndex{i}});
            files_.push_back({ValidatorIndex{i},
                              write("attester_" + std::to_string(i), attestation.secret_key),
                              write("proposer_" + std::to_string(i), proposal.secret_key)});
        }
    }

    std::string write(const std::string& name, ByteView bytes) {
        const std::string path = directory_.path() + "/" + name;
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        std::filesystem::permissions(
            path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return path;
    }

    /// Returns the error of loading, empty when it worked.
    std::string load_error() {
        const auto store = KeyStore::load(files_, registry_, test_scheme());
        return store ? "" : store.error().what;
    }

    test::TestDirectory directory_;
    Validators registry_;
    std::vector<KeyFiles> files_;
};

TEST_F(KeyStoreTest, every_key_signs_for_its_own_public_key) {
    std::swap(files_[0], files_[1]);
    auto store = KeyStore::load(files_, registry_, test_scheme());
    ASSERT_TRUE(store) << store.error().what;
    EXPECT_EQ(store->indices(), (std::vector{ValidatorIndex{0}, ValidatorIndex{1}}));
    EXPECT_EQ(store->signers(),
              (std::vector<crypto::Signer*>{
                  store->find(ValidatorIndex{0}, Role::attestation),
                  store->find(ValidatorIndex{1}, Role::attestation),
                  store->find(ValidatorIndex{0}, Role::proposal),
                  store->find(ValidatorIndex{1}, Role::proposal),
              }));
    for (const ValidatorIndex index : store->indices()) {
        const Validator& known = registry_[index.value];
        for (const Role role : {Role::attestation, Role::proposal}) {
            const PublicKey& expected = role == Role::attestation ? known.attestation_public_key
                                                                  : known.proposal_public_key;
            crypto::Signer* signer = store->find(index, role);
            ASSERT_NE(signer, nullptr);
            EXPECT_EQ(signer->public_key(), to_bytes(expected.bytes()));
            EXPECT_EQ(store->key_id(index, role).bytes, crypto::sha256(expected.bytes()));
        }
    }
    EXPECT_EQ(store->find(ValidatorIndex{2}, Role::proposal), nullptr);
}

TEST_F(KeyStoreTest, a_node_without_validators_has_an_empty_store) {
    const auto store = KeyStore::load({}, registry_, test_scheme());
    ASSERT_TRUE(store);
    EXPECT_TRUE(store->indices().empty());
}

TEST_F(KeyStoreTest, swapped_files_are_refused_by_name) {
    std::swap(files_[1].attestation_secret_key, files_[1].proposal_secret_key);
    const std::string error = load_error();
    EXPECT_TRUE(error.starts_with(
        directory_.path() + "/proposer_1: is not the attestation secret key of validator 1 ("))
        << error;
}

TEST_F(KeyStoreTest, one_key_for_two_purposes_is_refused) {
    const Validators registry = registry_;
    registry_[1].proposal_public_key = registry[1].attestation_public_key;
    EXPECT_NE(load_error().find("/proposer_1: the proposal key of validator 1 is used for "
                                "something else as well"),
              std::string::npos);
    registry_ = registry;
    registry_[1].attestation_public_key = registry[0].attestation_public_key;
    EXPECT_NE(load_error().find("/attester_1: the attestation key of validator 1"),
              std::string::npos);
}

TEST_F(KeyStoreTest, wrong_indices_are_refused) {
    files_[1].index = ValidatorIndex{2};
    EXPECT_NE(load_error().find("validator 2 is not in the registry, which has 2 validators"),
              std::string::npos);
    files_[1] = files_[0];
    EXPECT_NE(load_error().find("validator 0 is there twice"), std::string::npos);
}

TEST_F(KeyStoreTest, missing_empty_cut_and_oversized_files_are_refused_by_name) {
    const std::string path = files_[0].proposal_secret_key;
    std::filesystem::remove(path);
    EXPECT_EQ(load_error(), path + ": cannot open it: No such file or directory");
    write("proposer_0", {});
    EXPECT_TRUE(load_error().starts_with(path + ": is not the proposal secret key"))
        << load_error();
    write("proposer_0", ByteView(test_key(1).secret_key).first(500));
    EXPECT_TRUE(load_error().starts_with(path + ": is not the proposal secret key"));
    write("proposer_0", Bytes(test_scheme().secret_key_size_max() + 1));
    EXPECT_NE(load_error().find("a secret key has at most"), std::string::npos);
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(load_error(), path + ": is not a regular file");
}

TEST_F(KeyStoreTest, two_processes_cannot_share_a_key) {
    const auto store = KeyStore::load(files_, registry_, test_scheme());
    ASSERT_TRUE(store);
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(load_error().find("two nodes must never sign with the same keys") ==
                        std::string::npos
                    ? 1
                    : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

/// Returns a store with one key that no other run of the test has.
KeyStore store_of(const crypto::KeyPair& pair) {
    KeyStore store;
    store.add(ValidatorIndex{7},
              Role::proposal,
              test_scheme().load_secret_key(pair.public_key, pair.secret_key_ssz).value());
    return store;
}

TEST_F(KeyStoreTest, a_copy_of_a_key_cannot_be_used_beside_it) {
    SystemRandom random;
    const auto pair = test_scheme().generate(random, 0, 32, crypto::run_in_order, {}).value();
    std::optional<KeyStore> first = store_of(pair);
    ASSERT_TRUE(first->take_alone());
    KeyStore copy = store_of(pair);
    const auto refused = copy.take_alone();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what,
              "the proposal key of validator 7 is in use by another process, which has it from "
              "another file: two nodes must never sign with the same keys");
    first.reset();
    EXPECT_TRUE(copy.take_alone());
}

TEST_F(KeyStoreTest, links_to_a_key_file_are_the_same_file) {
    const auto store = KeyStore::load(files_, registry_, test_scheme());
    ASSERT_TRUE(store);
    const std::string path = files_[0].attestation_secret_key;
    const std::string link = directory_.path() + "/link";
    files_[0].attestation_secret_key = link;
    for (const bool is_hard : {false, true}) {
        std::filesystem::remove(link);
        if (is_hard) {
            std::filesystem::create_hard_link(path, link);
        } else {
            std::filesystem::create_symlink(path, link);
        }
        EXPECT_EQ(load_error(),
                  link +
                      ": is in use by another process: two nodes must never sign with the same "
                      "keys");
    }
}

TEST_F(KeyStoreTest, a_file_that_others_may_read_is_used_all_the_same) {
    std::filesystem::permissions(files_[0].proposal_secret_key,
                                 std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    testing::internal::CaptureStderr();
    EXPECT_EQ(load_error(), "");
    EXPECT_NE(testing::internal::GetCapturedStderr().find("key_file_readable_by_others"),
              std::string::npos);
}

}  // namespace
}  // namespace lepton::validator
