// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/log.hpp"
#include "fuzz/image.hpp"
#include "validator/signing_journal.hpp"
#include "validator/simulated_journal_file.hpp"

#include <map>

namespace lepton::fuzz {
namespace {

using namespace validator;

constexpr std::size_t kBlockSize = 4096;

Root numbered(std::uint8_t number) {
    Root root;
    root.bytes.fill(number);
    return root;
}

/// A journal of two keys, and everything that was ever claimed.
struct Written {
    Bytes file;
    std::map<KeyId, std::vector<JournalRecord>> claims;
};

const Written& written() {
    static const Written result = [] {
        Written made;
        SimulatedDisk disk;
        SeededRandom random{1};
        auto journal = SigningJournal::open(disk.open("journal").value(), random, Slot{0}).value();
        for (std::uint8_t slot = 1; slot <= 5; ++slot) {
            const std::vector<Claim> claims{
                {numbered(0xaa), Role::attestation, Slot{slot}, numbered(slot)},
                {numbered(0xbb), Role::proposal, Slot{slot * 2U}, numbered(slot)}};
            LEPTON_ASSERT(journal.claim(claims).has_value());
            for (const Claim& claim : claims) {
                made.claims[claim.key].push_back(journal.record(claim.key).value());
            }
        }
        made.file = disk.durable();
        return made;
    }();
    return result;
}

/// Input: how the file is damaged.
void run(ByteView input) {
    log::set_level(log::Level::off);
    SimulatedDisk disk;
    disk.durable() = damaged(written().file, input, kBlockSize);
    SeededRandom random{2};
    auto journal = SigningJournal::open(disk.open("journal").value(), random, Slot{0});
    if (!journal) {
        LEPTON_ASSERT(!journal.error().what.empty());
        return;
    }
    for (const auto& [key, claims] : written().claims) {
        const auto record = journal->record(key);
        if (!record) continue;
        // A record is never made up, and holds from now on.
        LEPTON_ASSERT(std::ranges::find(claims, *record) != claims.end());
        const Claim other{key, record->role, record->slot, numbered(0xff)};
        const auto verdicts = journal->claim({&other, 1});
        LEPTON_ASSERT(verdicts && verdicts->at(0) == ClaimVerdict::other_message);
    }
}

std::vector<Bytes> seeds() {
    return {{},
            {0, 0, 0x20, 0, 1},
            {3, 0, 0x20, 0},
            {2, 0, 0x20, 0, 0, 0x30, 0},
            {3, 0, 0, 0},
            {4, 0, 0x50, 0},
            {4, 0, 0, 0},
            {0, 0, 0x20, 100, 1, 0, 0, 0x40, 100, 1}};
}

const Registration kTarget({"signing_journal", 64, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
