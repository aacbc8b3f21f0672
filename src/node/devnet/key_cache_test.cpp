// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keys of the test scheme in a directory of this process's own.
#include "node/devnet/key_cache.hpp"

#include "node/devnet/spare_keys.hpp"
#include "validator/key_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

constexpr crypto::SlotRange kActivation{0, 256};

class KeyCacheTest : public testing::Test {
  protected:
    KeyCacheTest() {
        std::string name = (fs::temp_directory_path() / "lepton-key-cache-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        fs::create_directory(directory_ + "/out");
    }
    ~KeyCacheTest() override { fs::remove_all(directory_); }

    static const crypto::SignatureScheme& scheme() {
        return crypto::signature_scheme(crypto::SchemeId::leansig_test);
    }
    KeyCache open(crypto::SlotRange activation = kActivation) const {
        return KeyCache::open(directory_ + "/keys", scheme(), activation).value();
    }
    void make(KeyCache& cache, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(cache.make(random_, {}, {}));
    }
    Result<PublicKey, IoError> take(KeyCache& cache, const std::string& name) const {
        return cache.take(directory_ + "/out/" + name + "_sk.ssz",
                          directory_ + "/out/" + name + "_pk.ssz");
    }
    /// The files of the keys in the cache, sorted: a secret one follows its public one.
    std::vector<std::string> files() const {
        std::vector<std::string> all;
        for (const auto& entry : fs::directory_iterator(directory_ + "/keys/leansig-test-0-256")) {
            all.push_back(entry.path().string());
        }
        std::ranges::sort(all);
        return all;
    }
    static Bytes content(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    static void write(const std::string& path, const Bytes& bytes) {
        std::ofstream(path, std::ios::binary) << as_text(bytes);
    }

    std::string directory_;
    SeededRandom random_{1};
};

TEST_F(KeyCacheTest, a_key_that_was_taken_is_in_the_cache_no_more) {
    std::set<PublicKey> taken;
    {
        KeyCache cache = open();
        make(cache, 3);
        EXPECT_EQ(files().size(), 6U);
        const auto key = take(cache, "a");
        ASSERT_TRUE(key);
        taken.insert(*key);
        EXPECT_EQ(cache.size(), 2U);
        auto lock = validator::FileLock::open(directory_ + "/out/a_sk.ssz", O_RDONLY);
        const auto signer = scheme().load_secret_key(
            key->bytes(), validator::read_secret(*lock, "a", 1 << 20).value());
        ASSERT_TRUE(signer) << "both files belong together";
        EXPECT_EQ((*signer)->activation(), kActivation);
        EXPECT_EQ(content(directory_ + "/out/a_pk.ssz"), to_bytes(key->bytes()));
    }
    KeyCache again = open();
    EXPECT_EQ(again.size(), 2U);
    EXPECT_TRUE(again.check(2)->empty());
    for (const char* name : {"b", "c"}) EXPECT_TRUE(taken.insert(take(again, name).value()).second);
    EXPECT_TRUE(files().empty());
}

TEST_F(KeyCacheTest, only_the_owner_can_read_it) {
    KeyCache cache = open();
    make(cache, 1);
    const auto mode = [](const std::string& path) {
        struct ::stat status{};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
    };
    EXPECT_EQ(mode(directory_ + "/keys"), 0700U);
    EXPECT_EQ(mode(files().at(1)), 0600U);
}

TEST_F(KeyCacheTest, one_process_uses_it_at_a_time) {
    const KeyCache cache = open();
    const auto second = KeyCache::open(directory_ + "/keys", scheme(), kActivation);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find("in use"), std::string::npos) << second.error().what;
}

TEST_F(KeyCacheTest, a_key_that_is_of_no_use_is_removed_and_named) {
    {
        KeyCache cache = open();
        make(cache, 5);
    }
    const auto all = files();
    // A damaged one, one without its public key's rights, one of other slots, and half a key.
    Bytes damaged = content(all.at(1));
    damaged.at(40) ^= 1;
    write(all.at(1), damaged);
    ASSERT_EQ(::chmod(all.at(3).c_str(), 0644), 0);
    const auto other = scheme().generate(random_, 0, 32, crypto::run_in_order, {}).value();
    write(all.at(4), other.public_key);
    write(all.at(5), other.secret_key_ssz);
    fs::remove(all.at(6));
    write(all.at(7) + ".new", {1});

    KeyCache cache = open();
    EXPECT_EQ(cache.size(), 4U) << "half a key is none";
    const auto lines = cache.check(5);
    ASSERT_TRUE(lines);
    EXPECT_EQ(*lines,
              (std::vector<std::string>{
                  all.at(1) + ": secret_key_parameter: removed",
                  all.at(3) + ": others could read it: removed",
                  all.at(5) + ": is another key than its name says: removed",
              }));
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_EQ(files(), (std::vector<std::string>{all.at(8), all.at(9)}));
}

TEST_F(KeyCacheTest, keys_of_other_slots_are_refused_under_their_own_name) {
    {
        KeyCache cache = open({0, 128});
        make(cache, 1);
    }
    fs::rename(directory_ + "/keys/leansig-test-0-128", directory_ + "/keys/leansig-test-0-256");
    KeyCache cache = open();
    EXPECT_EQ(cache.size(), 1U);
    const auto lines = cache.check(1);
    ASSERT_EQ(lines->size(), 1U);
    EXPECT_NE(lines->front().find("signs other slots"), std::string::npos) << lines->front();
}

TEST_F(KeyCacheTest, a_stopped_key_leaves_nothing) {
    KeyCache cache = open();
    std::stop_source stop;
    ASSERT_TRUE(cache.make(
        random_, stop.get_token(), [&](std::uint64_t, std::uint64_t) { stop.request_stop(); }));
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_TRUE(files().empty());
}

TEST_F(KeyCacheTest, spare_keys_are_made_beside) {
    {
        KeyCache cache = open();
        make(cache, 1);
        SpareKeys spare(std::move(cache), 3);
        EXPECT_EQ(spare.keys_to_make(), 2U);
        for (int i = 0; i < 2000 && !spare.is_done(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        ASSERT_TRUE(spare.is_done());
        EXPECT_EQ(spare.keys_made(), 2U);
        EXPECT_FALSE(spare.failure());
    }
    EXPECT_EQ(open().check(3), (std::vector<std::string>{}));
    EXPECT_EQ(files().size(), 6U);
}

TEST_F(KeyCacheTest, spare_keys_tell_what_failed) {
    SpareKeys spare(
        [&] {
            KeyCache cache = open();
            fs::remove_all(directory_ + "/keys/leansig-test-0-256");
            return cache;
        }(),
        1);
    for (int i = 0; i < 2000 && !spare.is_done(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(spare.is_done());
    ASSERT_TRUE(spare.failure());
    EXPECT_NE(spare.failure()->what.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace lepton::node
