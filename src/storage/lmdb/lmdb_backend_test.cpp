// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What only a database on a real disk can do wrong: other processes, sudden death, damaged files.
#include "storage/lmdb/lmdb_backend.hpp"

#include "base/test_directory.hpp"
#include "storage/lmdb/lmdb_check.hpp"
#include "storage/storage.hpp"
#include "storage/test_chain.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>

namespace lepton::storage {
namespace {

Result<std::unique_ptr<Storage>, OpenError> open_at(const std::string& directory) {
    auto backend = open_lmdb(directory);
    if (!backend) return std::unexpected(backend.error());
    return Storage::open(std::move(*backend), test_identity());
}

/// Runs `body` in a child process and returns the status of waitpid.
int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
}

Bytes read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, ByteView bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

TEST(Lmdb, another_process_is_refused_by_the_number_of_the_first) {
    const test::TestDirectory directory;
    const auto backend = open_lmdb(directory.path());
    ASSERT_TRUE(backend);
    const std::string self = "process \"" + std::to_string(::getpid()) + "\"";
    const int status = in_child([&] {
        const auto second = open_lmdb(directory.path());
        if (second || second.error().kind != OpenError::Kind::in_use) return 1;
        return second.error().what.find(self) == std::string::npos ? 2 : 0;
    });
    EXPECT_EQ(status, 0);
}

TEST(Lmdb, a_killed_process_leaves_a_whole_number_of_imports) {
    const TestBlock genesis = test_genesis();
    std::vector<TestBlock> line{genesis};
    for (std::uint64_t i = 1; i <= 400; ++i) line.push_back(test_child(line.back(), Slot{i}));
    SeededRandom random(1);
    for (int round = 0; round < 12; ++round) {
        const test::TestDirectory directory;
        {
            auto storage = open_at(directory.path()).value();
            ASSERT_TRUE(storage->set_anchor(genesis.imported()));
        }
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            auto storage = open_at(directory.path()).value();
            for (std::size_t i = 1; i < line.size(); ++i) {
                if (!storage->commit(import_as_head(line[i], genesis.point()))) ::_exit(1);
                if (i % 7 == 0 && !storage->prune(genesis.point())) ::_exit(1);
                const auto told = static_cast<std::uint16_t>(i);
                if (::write(pipe[1], &told, sizeof told) != sizeof told) ::_exit(1);
            }
            ::_exit(0);
        }
        ::close(pipe[1]);
        // Dies at a random time after having told some imports.
        const std::uint64_t wanted = random.below(30);
        std::uint16_t told = 0;
        for (std::uint64_t i = 0; i < wanted; ++i) {
            ASSERT_EQ(::read(pipe[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
        }
        ::usleep(static_cast<useconds_t>(random.below(4000)));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        while (::read(pipe[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
        }
        ::close(pipe[0]);

        auto opened = open_at(directory.path());
        ASSERT_TRUE(opened) << opened.error().what;
        const auto chain = (*opened)->load_chain();
        ASSERT_TRUE(chain) << chain.error().what;
        const std::size_t stored = (*chain)->nodes.size() - 1;
        // Nothing that was told is lost; at most the import under way was added.
        EXPECT_GE(stored, told);
        EXPECT_LE(stored, told + 1U);
        const TestBlock& head = line[stored];
        EXPECT_EQ((*chain)->checkpoints.head, head.point());
        EXPECT_EQ((*opened)->state_bytes(head.root).value(), ssz::encode(head.state));
        EXPECT_EQ((*opened)->signed_block_bytes(head.root).value(), ssz::encode(head.block));
        ASSERT_TRUE((*opened)->commit(import_as_head(line[stored + 1], genesis.point())));
    }
}

TEST(Lmdb, the_file_check_accepts_whatever_lmdb_writes) {
    const test::TestDirectory directory;
    EXPECT_EQ(check_lmdb_file(directory.path() + "/data.mdb"), std::nullopt);
    SeededRandom random(7);
    std::map<Bytes, Bytes> expected;
    for (int life = 0; life < 15; ++life) {
        auto backend = open_lmdb(directory.path());
        ASSERT_TRUE(backend) << backend.error().what;
        for (int round = 0; round < 8; ++round) {
            WriteBatch batch;
            const std::uint64_t changes = random.below(200);
            for (std::uint64_t i = 0; i < changes; ++i) {
                Bytes key(1 + random.below(40));
                random.fill(key);
                if (!expected.empty() && random.below(3) == 0) {
                    key = std::next(expected.begin(),
                                    static_cast<std::ptrdiff_t>(random.below(expected.size())))
                              ->first;
                }
                if (random.below(2) == 0) {
                    batch.push_back({Table::blocks, key, std::nullopt});
                    expected.erase(key);
                    continue;
                }
                Bytes value(random.below(8) == 0 ? random.below(20000) : random.below(300));
                random.fill(value);
                batch.push_back({Table::blocks, key, value});
                expected[key] = value;
            }
            ASSERT_TRUE((*backend)->write(batch));
            const auto problem = check_lmdb_file(directory.path() + "/data.mdb");
            ASSERT_EQ(problem, std::nullopt) << life << " " << round;
        }
        const auto view = (*backend)->read().value();
        const auto entries = view->scan(Table::blocks, {}, expected.size() + 1).value();
        ASSERT_EQ(entries.size(), expected.size());
        auto at = expected.begin();
        for (const Entry& entry : entries) {
            ASSERT_TRUE(std::ranges::equal(entry.key, at->first));
            ASSERT_TRUE(std::ranges::equal(entry.value, at->second));
            ++at;
        }
    }
}

/// What a damaged file may do: be refused, or give what was stored, or say that it is not there.
enum Outcome : int { refused = 10, reported = 11, absent = 12, right = 13, wrong = 14 };

int outcome_of(const std::string& directory, const std::vector<TestBlock>& line) {
    auto storage = open_at(directory);
    if (!storage) return storage.error().kind == OpenError::Kind::damaged ? refused : wrong;
    int outcome = right;
    for (const TestBlock& block : line) {
        const auto bytes = (*storage)->signed_block_bytes(block.root);
        const auto state = (*storage)->state_bytes(block.root);
        if (!bytes || !state) {
            outcome = reported;
            continue;
        }
        if ((*bytes && **bytes != ssz::encode(block.block)) ||
            (*state && **state != ssz::encode(block.state))) {
            return wrong;
        }
        if ((!*bytes || !*state) && outcome == right) outcome = absent;
    }
    const auto chain = (*storage)->load_chain();
    if (!chain) return reported;
    if (!*chain) return wrong;
    // Going on must work, or say why not.
    const TestBlock next = test_child(line.back(), Slot{line.back().block.block.slot.value + 1});
    const auto imported = (*storage)->commit(import_as_head(next, line.front().point()));
    return imported ? outcome : reported;
}

TEST(Lmdb, a_changed_byte_of_the_file_is_found_or_harmless) {
    const test::TestDirectory directory;
    std::vector<TestBlock> line{test_genesis()};
    {
        auto storage = open_at(directory.path()).value();
        ASSERT_TRUE(storage->set_anchor(line[0].imported()));
        for (std::uint64_t i = 1; i <= 12; ++i) {
            line.push_back(test_child(line.back(), Slot{i}));
            ASSERT_TRUE(storage->commit(import_as_head(line.back(), line[0].point())));
        }
    }
    const std::string file = directory.path() + "/data.mdb";
    const Bytes whole = read_file(file);
    ASSERT_GT(whole.size(), 20'000U);
    // Thousands of small databases: in memory, where there is such a directory.
    const test::TestDirectory copies(test::memory_directory());
    const std::filesystem::path copy = copies.path();
    std::map<int, int> outcomes;
    SeededRandom random(5);
    // Page heads are where damage hurts most: all of their bytes, and a sample of all others.
    for (std::size_t at = 0; at < whole.size(); ++at) {
        const bool is_head = at % 4096 < 48 || at < 8192;
        if (is_head ? random.below(16) != 0 : random.below(256) != 0) continue;
        Bytes changed = whole;
        changed[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
        write_file((copy / "data.mdb").string(), changed);
        std::filesystem::remove(copy / "lock.mdb");
        const int status = in_child([&] { return outcome_of(copy.string(), line); });
        ASSERT_TRUE(WIFEXITED(status)) << "byte " << at << " kills the process";
        ASSERT_NE(WEXITSTATUS(status), wrong) << "byte " << at;
        ++outcomes[WEXITSTATUS(status)];
    }
    EXPECT_GT(outcomes[refused], 20);
    EXPECT_GT(outcomes[right], 20);
}

TEST(Lmdb, a_file_that_was_cut_or_is_something_else_is_refused) {
    const test::TestDirectory directory;
    {
        auto storage = open_at(directory.path()).value();
        TestBlock block = test_genesis();
        ASSERT_TRUE(storage->set_anchor(block.imported()));
        for (std::uint64_t i = 1; i <= 12; ++i) {
            block = test_child(block, Slot{i});
            ASSERT_TRUE(storage->commit(import_as_head(block, test_genesis().point())));
        }
    }
    const std::string file = directory.path() + "/data.mdb";
    const Bytes whole = read_file(file);
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, whole.size() / 2}) {
        write_file(file, ByteView(whole).first(size));
        const auto opened = open_lmdb(directory.path());
        ASSERT_FALSE(opened) << size;
        EXPECT_EQ(opened.error().kind, OpenError::Kind::damaged);
        EXPECT_NE(opened.error().what.find("move it away"), std::string::npos);
    }
    write_file(file, Bytes(20'000, 'x'));
    EXPECT_FALSE(open_lmdb(directory.path()));
    write_file(file, whole);
    EXPECT_TRUE(open_lmdb(directory.path()));
}

TEST(Lmdb, a_path_that_cannot_be_a_directory_is_named) {
    const test::TestDirectory directory;
    write_file(directory.path() + "/file", Bytes{1});
    const auto opened = open_lmdb(directory.path() + "/file/data");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, OpenError::Kind::io);
    EXPECT_NE(opened.error().what.find("/file/data"), std::string::npos);
}

}  // namespace
}  // namespace lepton::storage
