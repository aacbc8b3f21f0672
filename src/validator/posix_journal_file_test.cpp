// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/posix_journal_file.hpp"

#include "base/test_directory.hpp"
#include "validator/signing_journal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

namespace lepton::validator {
namespace {

Result<SigningJournal, IoError> open_at(const std::string& path) {
    auto file = open_journal_file(path);
    if (!file) return std::unexpected(file.error());
    SystemRandom random;
    return SigningJournal::open(std::move(*file), random, Slot{0});
}

Claim claim_of(std::uint64_t slot, std::uint8_t message) {
    Claim claim{.key = {}, .role = Role::proposal, .slot = Slot{slot}, .message = {}};
    claim.message.bytes.fill(message);
    return claim;
}

TEST(PosixJournalFile, only_the_owner_may_read_it) {
    const test::TestDirectory directory;
    const std::string path = directory.path() + "/journal";
    ASSERT_TRUE(open_at(path));
    struct ::stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(PosixJournalFile, another_process_or_another_open_is_refused) {
    const test::TestDirectory directory;
    const std::string path = directory.path() + "/journal";
    const auto journal = open_at(path);
    ASSERT_TRUE(journal);
    const auto second = open_at(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(
        second.error().what,
        path + ": is in use by another process: two nodes must never sign with the same keys");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(open_at(path) ? 1 : 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(PosixJournalFile, claims_outlive_a_killed_process) {
    const test::TestDirectory directory;
    const std::string path = directory.path() + "/journal";
    std::map<std::uint64_t, std::uint8_t> signed_messages;
    std::uint64_t slot = 0;
    for (int life = 0; life < 30; ++life) {
        std::array<int, 2> pipe{};
        ASSERT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            auto journal = open_at(path);
            if (!journal) ::_exit(1);
            // Each life wants another message, and tells after the claim, as a signer would sign.
            for (std::uint64_t next = slot; next < slot + 1000; ++next) {
                const Claim claim = claim_of(next, static_cast<std::uint8_t>(life));
                const auto verdicts = journal->claim({&claim, 1});
                if (!verdicts) ::_exit(1);
                if (verdicts->at(0) != ClaimVerdict::granted) continue;
                if (::write(pipe[1], &next, sizeof next) != sizeof next) ::_exit(1);
            }
            ::_exit(0);
        }
        ::close(pipe[1]);
        std::uint64_t told = 0;
        bool is_first = true;
        while (::read(pipe[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
            ASSERT_TRUE(signed_messages.emplace(told, static_cast<std::uint8_t>(life)).second)
                << "slot " << told << " signed in two lives";
            slot = told;
            if (is_first) {
                ::usleep(static_cast<useconds_t>(life * 150));
                ::kill(child, SIGKILL);
            }
            is_first = false;
        }
        ::close(pipe[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
    }
    EXPECT_GE(signed_messages.size(), 30U);
}

TEST(PosixJournalFile, a_file_that_was_moved_away_ends_signing) {
    const test::TestDirectory directory;
    const std::string path = directory.path() + "/journal";
    auto journal = open_at(path).value();
    const Claim first = claim_of(1, 1);
    ASSERT_TRUE(journal.claim({&first, 1}));
    std::filesystem::rename(path, path + ".old");
    std::ofstream(path) << "";
    const Claim second = claim_of(2, 1);
    const auto refused = journal.claim({&second, 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, path + ": was replaced while this node was using it");
}

TEST(PosixJournalFile, links_and_directories_are_refused) {
    const test::TestDirectory directory;
    const std::string path = directory.path() + "/journal";
    ASSERT_TRUE(open_at(path));
    std::filesystem::create_symlink(path, directory.path() + "/link");
    EXPECT_FALSE(open_journal_file(directory.path() + "/link"));
    EXPECT_FALSE(open_journal_file(directory.path()));
    EXPECT_FALSE(open_journal_file(directory.path() + "/missing/journal"));
}

}  // namespace
}  // namespace lepton::validator
