// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/signing_journal.hpp"

#include "base/log.hpp"
#include "crypto/sha256.hpp"
#include "validator/simulated_journal_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace lepton::validator {
namespace {

Root root_of(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

const KeyId kKey = root_of(0xaa);

Claim claim_of(std::uint64_t slot,
               std::uint8_t message,
               const KeyId& key = kKey,
               Role role = Role::attestation) {
    return {.key = key, .role = role, .slot = Slot{slot}, .message = root_of(message)};
}

Result<SigningJournal, IoError> open_on(SimulatedDisk& disk, std::uint64_t safe_slot = 0) {
    SystemRandom random;
    auto file = disk.open("journal");
    if (!file) return std::unexpected(file.error());
    return SigningJournal::open(std::move(*file), random, Slot{safe_slot});
}

/// Returns the verdict on one claim; asserts that the disk works.
ClaimVerdict judge(SigningJournal& journal, const Claim& claim) {
    const auto verdicts = journal.claim({&claim, 1});
    EXPECT_TRUE(verdicts) << verdicts.error().what;
    return verdicts ? verdicts->at(0) : ClaimVerdict::journal_full;
}

/// Repairs are reported; a test that makes thousands of them need not show them.
class QuietLog {
  public:
    QuietLog() { log::set_level(log::Level::error); }
    ~QuietLog() { log::set_level(log::Level::info); }
};

TEST(SigningJournal, a_slot_is_for_one_message_for_ever) {
    SimulatedDisk disk;
    {
        auto journal = open_on(disk).value();
        EXPECT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
        EXPECT_EQ(judge(journal, claim_of(5, 2)), ClaimVerdict::other_message);
        EXPECT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
        EXPECT_EQ(judge(journal, claim_of(6, 2)), ClaimVerdict::granted);
    }
    auto journal = open_on(disk).value();
    EXPECT_EQ(judge(journal, claim_of(6, 1)), ClaimVerdict::other_message);
    EXPECT_EQ(judge(journal, claim_of(6, 2)), ClaimVerdict::granted);
    EXPECT_EQ(
        journal.record(kKey),
        (JournalRecord{
            .role = Role::attestation, .slot = Slot{6}, .message = root_of(2), .generation = 3}));
}

TEST(SigningJournal, a_clock_that_steps_back_signs_nothing) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    EXPECT_EQ(judge(journal, claim_of(100, 1)), ClaimVerdict::granted);
    EXPECT_EQ(judge(journal, claim_of(99, 1)), ClaimVerdict::slot_passed);
    EXPECT_EQ(judge(journal, claim_of(0, 1)), ClaimVerdict::slot_passed);
    EXPECT_EQ(judge(journal, claim_of(101, 3)), ClaimVerdict::granted);
}

TEST(SigningJournal, keys_are_independent_and_keep_their_role) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    const KeyId other = root_of(0xbb);
    const std::vector<Claim> duty{claim_of(5, 1), claim_of(5, 2, other, Role::proposal)};
    EXPECT_EQ(journal.claim(duty).value(),
              (std::vector{ClaimVerdict::granted, ClaimVerdict::granted}));
    EXPECT_EQ(judge(journal, claim_of(6, 1, other, Role::attestation)), ClaimVerdict::other_role);
    EXPECT_EQ(judge(journal, claim_of(6, 1, other, Role::proposal)), ClaimVerdict::granted);
    EXPECT_EQ(journal.record(root_of(0xcc)), std::nullopt);
}

TEST(SigningJournal, one_refused_claim_does_not_hold_up_the_others) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    const KeyId other = root_of(0xbb);
    ASSERT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
    const std::vector<Claim> duty{claim_of(5, 2), claim_of(5, 2, other)};
    EXPECT_EQ(journal.claim(duty).value(),
              (std::vector{ClaimVerdict::other_message, ClaimVerdict::granted}));
    EXPECT_EQ(judge(journal, claim_of(5, 3, other)), ClaimVerdict::other_message);
}

TEST(SigningJournal, the_file_does_not_grow_with_use) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    const std::size_t size = disk.durable().size();
    for (std::uint64_t slot = 0; slot < 500; ++slot) {
        ASSERT_EQ(judge(journal, claim_of(slot, 1)), ClaimVerdict::granted);
    }
    EXPECT_EQ(disk.durable().size(), size);
}

TEST(SigningJournal, it_grows_with_keys_and_finds_them_again) {
    SimulatedDisk disk;
    constexpr std::uint8_t kKeys = 3 * kJournalKeysPerExtent + 1;
    {
        auto journal = open_on(disk).value();
        for (std::uint8_t i = 0; i < kKeys; ++i) {
            ASSERT_EQ(judge(journal, claim_of(7, i, root_of(i))), ClaimVerdict::granted);
        }
    }
    auto journal = open_on(disk).value();
    for (std::uint8_t i = 0; i < kKeys; ++i) {
        EXPECT_EQ(judge(journal, claim_of(7, 255, root_of(i))), ClaimVerdict::other_message);
        EXPECT_EQ(judge(journal, claim_of(8, 255, root_of(i))), ClaimVerdict::granted);
    }
}

TEST(SigningJournal, a_key_without_a_recent_record_waits_for_the_safe_slot) {
    SimulatedDisk disk;
    {
        auto journal = open_on(disk, 100).value();
        EXPECT_EQ(judge(journal, claim_of(99, 1)), ClaimVerdict::before_safe_slot);
        EXPECT_EQ(judge(journal, claim_of(100, 1)), ClaimVerdict::granted);
    }
    {
        // Stopped for a moment: the record is from the present slot or the one before.
        auto journal = open_on(disk, 102).value();
        EXPECT_EQ(judge(journal, claim_of(101, 1)), ClaimVerdict::granted);
    }
    // Stopped for long, or an old copy: what was signed meanwhile is not known.
    auto journal = open_on(disk, 104).value();
    EXPECT_EQ(judge(journal, claim_of(103, 1)), ClaimVerdict::before_safe_slot);
    EXPECT_EQ(judge(journal, claim_of(101, 1)), ClaimVerdict::granted);
    EXPECT_EQ(judge(journal, claim_of(104, 1)), ClaimVerdict::granted);
}

TEST(SigningJournal, nothing_is_granted_before_it_is_on_the_disk) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    ASSERT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
    EXPECT_TRUE(disk.unsynced_writes().empty());
    disk.cut_power_after(0, 0);
    auto after = open_on(disk).value();
    EXPECT_EQ(judge(after, claim_of(5, 2)), ClaimVerdict::other_message);
}

TEST(SigningJournal, after_a_failed_write_or_sync_it_grants_nothing) {
    // Two writes and a sync make a claim of a known key.
    for (std::uint64_t failing = 1; failing <= 3; ++failing) {
        SimulatedDisk disk;
        auto journal = open_on(disk).value();
        ASSERT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
        disk.fail_at(failing);
        const Claim claim = claim_of(6, 1);
        EXPECT_FALSE(journal.claim({&claim, 1}));
        disk.fail_at(0);
        EXPECT_FALSE(journal.claim({&claim, 1})) << "a failed sync is never tried again";
        const Claim again = claim_of(5, 1);
        EXPECT_FALSE(journal.claim({&again, 1}));
    }
}

TEST(SigningJournal, a_claim_in_which_the_power_goes_is_not_granted_and_harms_no_earlier_one) {
    SeededRandom random{7};
    for (std::uint64_t round = 0; round < 60; ++round) {
        SimulatedDisk disk;
        auto journal = open_on(disk).value();
        ASSERT_EQ(judge(journal, claim_of(5, 1)), ClaimVerdict::granted);
        int times = 0;
        disk.cut_power_at(round % 3 + 1, [&times] { ++times; });
        const Claim claim = claim_of(6, 1);
        EXPECT_FALSE(journal.claim({&claim, 1}));
        EXPECT_EQ(times, 1);
        disk.cut_power(random);
        disk.cut_power_at(0, {});
        auto after = open_on(disk).value();
        // Nothing was signed for slot 6, so either answer is right; slot 5 is on record or passed.
        EXPECT_NE(judge(after, claim_of(5, 2)), ClaimVerdict::granted);
        EXPECT_EQ(judge(after, claim_of(6, 1)), ClaimVerdict::granted);
    }
}

TEST(SigningJournal, a_second_open_is_refused_while_the_first_lives) {
    SimulatedDisk disk;
    auto journal = open_on(disk);
    ASSERT_TRUE(journal);
    EXPECT_FALSE(open_on(disk));
}

/// The disk as it is when a claim of slot 8 has been written and not synced. `claims` are made
/// before it; without any, the key is new, and what fails is the given operation of its claim.
SimulatedDisk disk_during_claim(std::uint64_t claims, std::uint64_t operation = 5) {
    SimulatedDisk disk;
    auto journal = open_on(disk).value();
    for (std::uint64_t i = 0; i < claims; ++i) {
        EXPECT_EQ(judge(journal, claim_of(8 - claims + i, 1)), ClaimVerdict::granted);
    }
    // A known key: two writes and a sync. A new one: four writes, and the header after the sync.
    disk.fail_at(claims > 0 ? 3 : operation);
    const Claim claim = claim_of(8, 2);
    EXPECT_FALSE(journal.claim({&claim, 1}));
    return disk.clone();
}

TEST(SigningJournal, a_power_cut_at_any_byte_of_a_claim_loses_a_duty_at_most) {
    const QuietLog quiet;
    for (std::uint64_t claims = 0; claims < 4; ++claims) {
        const SimulatedDisk disk = disk_during_claim(claims);
        const auto writes = disk.unsynced_writes();
        ASSERT_EQ(writes.size(), claims > 0 ? 2U : 4U);
        for (std::size_t whole = 0; whole < writes.size(); ++whole) {
            for (std::size_t bytes = 0; bytes <= writes[whole]; ++bytes) {
                SimulatedDisk cut = disk.clone();
                cut.cut_power_after(whole, bytes);
                auto journal = open_on(cut);
                ASSERT_TRUE(journal)
                    << claims << " " << whole << " " << bytes << ": " << journal.error().what;
                // Earlier claims stand; the torn one counts as made or as never made.
                if (claims > 0) {
                    EXPECT_EQ(judge(*journal, claim_of(7, 9)),
                              journal->record(kKey)->slot == Slot{7} ? ClaimVerdict::other_message
                                                                     : ClaimVerdict::slot_passed);
                }
                const auto record = journal->record(kKey);
                const bool is_made = record && record->slot == Slot{8};
                EXPECT_EQ(judge(*journal, claim_of(8, 3)),
                          is_made ? ClaimVerdict::other_message : ClaimVerdict::granted);
                EXPECT_EQ(judge(*journal, claim_of(9, 3)), ClaimVerdict::granted);
            }
        }
    }
}

TEST(SigningJournal, a_power_cut_at_any_byte_of_the_first_start_is_survived) {
    // Everything up to some operation happens; the next write is torn at some byte.
    for (std::uint64_t operation = 1; operation < 40; ++operation) {
        SimulatedDisk fresh;
        fresh.fail_at(operation);
        auto first = open_on(fresh);
        if (first) break;
        const auto writes = fresh.unsynced_writes();
        const std::size_t size = writes.empty() ? 0 : writes.back();
        for (std::size_t bytes = 0; bytes <= size; bytes += size < 200 ? 1U : 97U) {
            SimulatedDisk cut = fresh.clone();
            cut.cut_power_after(writes.empty() ? 0 : writes.size() - 1, bytes);
            auto journal = open_on(cut);
            ASSERT_TRUE(journal) << operation << " " << bytes << ": " << journal.error().what;
            EXPECT_EQ(judge(*journal, claim_of(5, 1)), ClaimVerdict::granted);
        }
    }
}

TEST(SigningJournal, a_power_cut_at_any_byte_of_the_header_for_a_new_key_is_survived) {
    // Sync of the cells, then twice: write a header, sync it.
    for (const std::uint64_t operation : std::vector<std::uint64_t>{7, 9}) {
        const SimulatedDisk disk = disk_during_claim(0, operation);
        const auto writes = disk.unsynced_writes();
        ASSERT_EQ(writes.size(), 1U);
        for (std::size_t bytes = 0; bytes <= writes[0]; ++bytes) {
            SimulatedDisk cut = disk.clone();
            cut.cut_power_after(0, bytes);
            auto journal = open_on(cut);
            ASSERT_TRUE(journal) << operation << " " << bytes << ": " << journal.error().what;
            EXPECT_EQ(judge(*journal, claim_of(8, 3)),
                      journal->record(kKey) ? ClaimVerdict::other_message : ClaimVerdict::granted);
        }
    }
}

TEST(SigningJournal, what_a_killed_process_left_in_the_cache_is_made_durable_before_it_counts) {
    SimulatedDisk disk = disk_during_claim(1);
    {
        // The machine went on: the claim can be read, although it was never synced.
        auto journal = open_on(disk).value();
        EXPECT_EQ(judge(journal, claim_of(8, 2)), ClaimVerdict::granted);
    }
    disk.cut_power_after(0, 0);
    auto journal = open_on(disk).value();
    EXPECT_EQ(judge(journal, claim_of(8, 3)), ClaimVerdict::other_message);
}

TEST(SigningJournal, a_claim_that_only_one_cell_has_is_copied_before_it_is_used) {
    const QuietLog quiet;
    SimulatedDisk disk = disk_during_claim(2);
    disk.cut_power_after(1, 0);
    {
        auto journal = open_on(disk).value();
        ASSERT_EQ(judge(journal, claim_of(8, 2)), ClaimVerdict::granted);
    }
    // Generation 4 is in the even cells, blocks 2 and 3: the one that was written first goes bad.
    disk.durable()[2 * 4096 + 60] ^= 1;
    auto journal = open_on(disk).value();
    EXPECT_EQ(judge(journal, claim_of(8, 3)), ClaimVerdict::other_message);
}

TEST(SigningJournal, a_header_that_only_one_copy_has_is_copied_before_it_is_used) {
    // The power goes between the two headers that say that the key's group is in use.
    SimulatedDisk disk = disk_during_claim(0, 9);
    disk.cut_power_after(0, 0);
    {
        auto journal = open_on(disk).value();
        ASSERT_EQ(judge(journal, claim_of(8, 2)), ClaimVerdict::granted);
    }
    disk.durable()[60] ^= 1;
    auto journal = open_on(disk).value();
    EXPECT_EQ(judge(journal, claim_of(8, 3)), ClaimVerdict::other_message);
}

TEST(SigningJournal, no_changed_byte_makes_it_forget) {
    const QuietLog quiet;
    SimulatedDisk disk;
    Bytes32 id;
    {
        auto journal = open_on(disk).value();
        id = journal.id();
        for (std::uint64_t slot = 3; slot <= 8; ++slot) {
            ASSERT_EQ(judge(journal, claim_of(slot, 1)), ClaimVerdict::granted);
        }
        ASSERT_EQ(judge(journal, claim_of(4, 1, root_of(0xbb))), ClaimVerdict::granted);
    }
    const std::size_t used = 10 * 4096;
    std::size_t refused = 0;
    for (std::size_t at = 0; at < used; ++at) {
        // Between header or cell and the end of the block there is nothing to change.
        if (at % 4096 >= 128) continue;
        for (const std::uint8_t mask : Bytes{0x01, 0x02, 0x80, 0xff}) {
            SimulatedDisk damaged = disk.clone();
            damaged.durable()[at] ^= mask;
            auto journal = open_on(damaged);
            if (!journal) {
                ++refused;
                continue;
            }
            EXPECT_EQ(journal->id(), id) << at;
            EXPECT_EQ(judge(*journal, claim_of(8, 2)), ClaimVerdict::other_message) << at;
            EXPECT_EQ(judge(*journal, claim_of(7, 2)), ClaimVerdict::slot_passed) << at;
            EXPECT_EQ(judge(*journal, claim_of(4, 2, root_of(0xbb))), ClaimVerdict::other_message)
                << at;
        }
    }
    // One bad byte is repaired from the copy; the operator is not asked.
    EXPECT_EQ(refused, 0U);
}

TEST(SigningJournal, two_bad_copies_of_the_last_record_are_refused) {
    SimulatedDisk disk;
    {
        auto journal = open_on(disk).value();
        for (std::uint64_t slot = 3; slot <= 8; ++slot) {
            ASSERT_EQ(judge(journal, claim_of(slot, 1)), ClaimVerdict::granted);
        }
    }
    // The sixth claim is generation 7, in the odd cells of the first group: blocks 4 and 5.
    for (const bool is_zeroed : {false, true}) {
        SimulatedDisk damaged = disk.clone();
        for (const std::size_t block : std::vector<std::size_t>{4, 5}) {
            for (std::size_t i = 0; i < 128; ++i) {
                auto& byte = damaged.durable()[block * 4096 + i];
                byte = is_zeroed ? std::uint8_t{0} : static_cast<std::uint8_t>(byte ^ 0x5a);
            }
        }
        const auto journal = open_on(damaged);
        ASSERT_FALSE(journal);
        EXPECT_NE(journal.error().what.find("do not restore an older copy, move the file away"),
                  std::string::npos)
            << journal.error().what;
    }
}

TEST(SigningJournal, a_file_that_was_cut_zeroed_or_is_something_else_is_refused) {
    SimulatedDisk disk;
    {
        auto journal = open_on(disk).value();
        ASSERT_EQ(judge(journal, claim_of(3, 1)), ClaimVerdict::granted);
        ASSERT_EQ(judge(journal, claim_of(4, 1)), ClaimVerdict::granted);
    }
    const std::size_t whole = disk.durable().size();
    for (const std::size_t size : {std::size_t{8192}, whole - 4096, whole - 1}) {
        SimulatedDisk cut = disk.clone();
        cut.durable().resize(size);
        EXPECT_FALSE(open_on(cut)) << size;
    }
    SimulatedDisk headless = disk.clone();
    std::fill_n(headless.durable().begin(), 8192, std::uint8_t{0});
    EXPECT_FALSE(open_on(headless));
    for (const std::size_t lost : {8192U, 16384U}) {
        for (const std::size_t at : {std::size_t{8192}, 24576 - lost}) {
            SimulatedDisk group_lost = disk.clone();
            std::fill_n(group_lost.durable().begin() + static_cast<std::ptrdiff_t>(at),
                        lost,
                        std::uint8_t{0});
            EXPECT_FALSE(open_on(group_lost)) << lost << " " << at;
        }
    }
    SimulatedDisk foreign;
    foreign.durable() = to_bytes(as_bytes("GENESIS_TIME: 1770407233\n"));
    EXPECT_FALSE(open_on(foreign));
    EXPECT_EQ(as_text(foreign.durable()), "GENESIS_TIME: 1770407233\n");
}

TEST(SigningJournal, cells_of_another_journal_do_not_count) {
    SimulatedDisk a;
    SimulatedDisk b;
    for (SimulatedDisk* disk : {&a, &b}) {
        auto journal = open_on(*disk).value();
        for (std::uint64_t slot = 1; slot <= 6; ++slot) {
            ASSERT_EQ(judge(journal, claim_of(slot, 1)), ClaimVerdict::granted);
        }
    }
    std::copy_n(b.durable().begin() + 8192, 16384, a.durable().begin() + 8192);
    EXPECT_FALSE(open_on(a));
}

TEST(SigningJournal, a_newer_format_is_refused_by_number) {
    SimulatedDisk disk;
    ASSERT_TRUE(open_on(disk));
    for (const std::size_t header : std::vector<std::size_t>{0, 4096}) {
        Bytes& bytes = disk.durable();
        bytes[header + 8] = 2;
        const Bytes32 checksum = crypto::sha256(ByteView(bytes).subspan(header, 64));
        std::ranges::copy(checksum, bytes.begin() + static_cast<std::ptrdiff_t>(header) + 64);
    }
    const auto journal = open_on(disk);
    ASSERT_FALSE(journal);
    EXPECT_EQ(journal.error().what,
              "journal was written by a newer lepton (format 2, this one knows up to 1): start "
              "that version");
}

TEST(SigningJournal, an_independent_witness_never_sees_two_messages_for_a_slot) {
    const QuietLog quiet;
    std::uint64_t refusals = 0;
    std::uint64_t crashes = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        SeededRandom random(seed);
        SimulatedDisk disk;
        std::map<std::pair<KeyId, std::uint64_t>, Root> signed_messages;
        std::uint64_t clock = 0;
        auto journal = open_on(disk);
        for (int step = 0; step < 1500; ++step) {
            if (!journal) {
                const std::uint64_t way = random.below(4);
                if (way == 0) disk.cut_power(random);
                if (way == 1) disk.kill();
                disk.fail_at(random.below(10) == 0 ? 1 + random.below(40) : 0);
                if (way == 2 && !disk.durable().empty()) {
                    // A bad byte somewhere, on top of whatever happened before.
                    const std::size_t cell = random.below(disk.durable().size() / 4096);
                    SimulatedDisk backup = disk.clone();
                    disk.kill();
                    disk.durable()[cell * 4096 + random.below(128)] ^=
                        static_cast<std::uint8_t>(1U << random.below(8));
                    journal = open_on(disk);
                    if (!journal) {
                        ++refusals;
                        disk = std::move(backup);
                        disk.kill();
                    }
                } else {
                    disk.kill();
                    journal = open_on(disk);
                }
                ++crashes;
                continue;
            }
            // The clock goes on, stands, or steps back.
            const std::uint64_t move = random.below(10);
            if (move < 5) ++clock;
            if (move == 9) clock -= std::min<std::uint64_t>(clock, random.below(20));
            std::vector<Claim> duty;
            for (std::uint8_t key = 1; key <= 3; ++key) {
                if (random.below(2) == 0) continue;
                duty.push_back(
                    claim_of(clock, static_cast<std::uint8_t>(random.below(3)), root_of(key)));
            }
            if (random.below(12) == 0) disk.fail_at(1 + random.below(8));
            const auto verdicts = journal->claim(duty);
            if (!verdicts) {
                journal = std::unexpected(verdicts.error());
                continue;
            }
            for (std::size_t i = 0; i < duty.size(); ++i) {
                if ((*verdicts)[i] != ClaimVerdict::granted) continue;
                const auto [place, is_new] = signed_messages.emplace(
                    std::pair{duty[i].key, duty[i].slot.value}, duty[i].message);
                ASSERT_EQ(place->second, duty[i].message) << "seed " << seed << " step " << step;
            }
            if (random.below(20) == 0) {
                // Death without notice.
                journal = std::unexpected(IoError{});
            }
        }
    }
    EXPECT_GT(crashes, 150U * 60U);
    EXPECT_LT(refusals, crashes / 100);
}

}  // namespace
}  // namespace lepton::validator
