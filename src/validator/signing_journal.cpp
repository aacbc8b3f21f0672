// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The file never grows with use: it has one group of cells per key, and a claim overwrites the
// claim before the last one. Each cell has a disk block of its own, so that an interrupted write
// harms no other cell.
//
//   block 0, 1          two copies of the header: 0 magic, 8 version, 16 journal id, 48 groups in
//   the
//                       file, 56 groups in use, 64 SHA-256 of all before
//   4 blocks per group  generation even: copy 0, copy 1; generation odd: copy 0, copy 1
//   a cell (128 bytes at the start of its block, numbers little-endian)
//     0 generation   8 key   40 role   48 slot   56 message   88 SHA-256   120 generation again
//
// A claim of generation n goes to both cells of its parity, and counts once both are synced; the
// cells of generation n - 1 stay as they are. The first claim of a key fills all four cells, as
// generations 1 and 2, and counts once the header says that the group is in use. So, when the file
// is opened, for each group in use:
// - Whatever valid cell has the highest generation is taken as the key's record, even if the claim
//   was not finished: at worst a duty is lost. A lost copy of it is written again before use.
// - A later generation must not be missing because both of its cells went bad. Hence one of the two
//   must prove that the write was never finished: it is still the old cell, or the new one begins
//   and the old one ends in it (the generation stands at both ends). Without the proof the journal
//   is refused.
// A single changed byte or lost block thus never turns back a record, and a torn write never stops
// the node. The checksum covers the journal's id and the group, so cells from elsewhere do not
// count. What lies in the system's cache after a crash of the process alone is synced before it is
// believed.
#include "validator/signing_journal.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "crypto/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace lepton::validator {
namespace {

constexpr std::size_t kBlockSize = 4096;
constexpr std::size_t kHeaderCopies = 2;
constexpr std::size_t kCellsPerGroup = 4;
constexpr std::size_t kCopies = 2;
constexpr std::size_t kCellSize = 128;
constexpr std::size_t kChecksumAt = 88;
constexpr std::size_t kGenerationAgainAt = 120;
constexpr std::size_t kHeaderSize = 96;
constexpr std::string_view kMagic = "leptonSJ";
constexpr std::uint64_t kFormatVersion = 1;
/// A record that is older than this many slots before the safe slot says nothing about the slots in
/// between.
constexpr std::uint64_t kRecentSlots = 2;

using Cell = std::array<std::uint8_t, kCellSize>;

void put_u64(MutableByteView out, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t get_u64(ByteView bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i > 0; --i) value = value << 8 | bytes[at + i - 1];
    return value;
}

void put_bytes(MutableByteView out, std::size_t at, ByteView bytes) {
    std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(at));
}

std::uint64_t offset_of_group(std::size_t group) {
    return (kHeaderCopies + group * kCellsPerGroup) * kBlockSize;
}

std::uint64_t offset_of_cell(std::size_t group, std::uint64_t generation, std::size_t copy) {
    return offset_of_group(group) + (generation % 2 * kCopies + copy) * kBlockSize;
}

bool is_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

Bytes32 cell_checksum(const Bytes32& journal_id, std::size_t group, ByteView cell) {
    std::array<std::uint8_t, 8> place{};
    put_u64(place, 0, group);
    crypto::Sha256 hash;
    hash.update(journal_id);
    hash.update(place);
    hash.update(cell.first(kChecksumAt));
    return hash.finish();
}

Cell encode_cell(const Bytes32& journal_id,
                 std::size_t group,
                 const KeyId& key,
                 const JournalRecord& record) {
    Cell cell{};
    put_u64(cell, 0, record.generation);
    put_bytes(cell, 8, key.bytes);
    put_u64(cell, 40, static_cast<std::uint64_t>(record.role));
    put_u64(cell, 48, record.slot.value);
    put_bytes(cell, 56, record.message.bytes);
    put_bytes(cell, kChecksumAt, cell_checksum(journal_id, group, cell));
    put_u64(cell, kGenerationAgainAt, record.generation);
    return cell;
}

using Header = std::array<std::uint8_t, kHeaderSize>;

Header encode_header(const Bytes32& journal_id, std::size_t groups, std::size_t used_groups) {
    Header header{};
    put_bytes(header, 0, as_bytes(kMagic));
    put_u64(header, 8, kFormatVersion);
    put_bytes(header, 16, journal_id);
    put_u64(header, 48, groups);
    put_u64(header, 56, used_groups);
    put_bytes(header, 64, crypto::sha256(ByteView(header).first(64)));
    return header;
}

struct ReadCell {
    KeyId key;
    JournalRecord record;
};

/// Returns what a whole and undamaged cell says.
std::optional<ReadCell> decode_cell(const Bytes32& journal_id, std::size_t group, ByteView cell) {
    const Bytes32 checksum = cell_checksum(journal_id, group, cell);
    const std::uint64_t role = get_u64(cell, 40);
    if (!std::ranges::equal(cell.subspan(kChecksumAt, checksum.size()), checksum) ||
        get_u64(cell, 0) != get_u64(cell, kGenerationAgainAt) || get_u64(cell, 0) == 0 ||
        (role != static_cast<std::uint64_t>(Role::attestation) &&
         role != static_cast<std::uint64_t>(Role::proposal))) {
        return std::nullopt;
    }
    ReadCell read;
    std::ranges::copy(cell.subspan(8, 32), read.key.bytes.begin());
    std::ranges::copy(cell.subspan(56, 32), read.record.message.bytes.begin());
    read.record.role = static_cast<Role>(role);
    read.record.slot = Slot{get_u64(cell, 48)};
    read.record.generation = get_u64(cell, 0);
    return read;
}

/// True when each byte of the number at `at` is that of `before` or of `after`.
bool is_mixture(ByteView cell, std::size_t at, std::uint64_t before, std::uint64_t after) {
    for (std::size_t i = 0; i < 8; ++i) {
        const auto byte = cell[at + i];
        if (byte != static_cast<std::uint8_t>(before >> (8 * i)) &&
            byte != static_cast<std::uint8_t>(after >> (8 * i))) {
            return false;
        }
    }
    return true;
}

/// True when the write of generation `after` over generation `before` was begun, not finished.
bool is_torn(ByteView cell, std::uint64_t before, std::uint64_t after) {
    return is_mixture(cell, 0, before, after) &&
           is_mixture(cell, kGenerationAgainAt, before, after) &&
           get_u64(cell, 0) != get_u64(cell, kGenerationAgainAt);
}

}  // namespace

std::string_view to_string(Role role) {
    return role == Role::attestation ? "attestation" : "proposal";
}

std::string_view to_string(ClaimVerdict verdict) {
    switch (verdict) {
        case ClaimVerdict::granted:
            return "granted";
        case ClaimVerdict::other_message:
            return "other_message";
        case ClaimVerdict::slot_passed:
            return "slot_passed";
        case ClaimVerdict::before_safe_slot:
            return "before_safe_slot";
        case ClaimVerdict::other_role:
            return "other_role";
        case ClaimVerdict::journal_full:
            return "journal_full";
    }
    assertion_failed("known ClaimVerdict", __FILE__, __LINE__, {});
}

Result<SigningJournal, IoError> SigningJournal::open(std::unique_ptr<JournalFile> file,
                                                     Random& random,
                                                     Slot safe_slot) {
    SigningJournal journal(std::move(file), safe_slot);
    const auto size = journal.file_->size();
    if (!size) return std::unexpected(size.error());
    const auto has_header = journal.read_header(*size);
    if (!has_header) return std::unexpected(has_header.error());
    auto ready = *has_header ? journal.load(*size) : [&]() -> Result<void, IoError> {
        const auto unused = journal.is_unused(*size);
        if (!unused) return std::unexpected(unused.error());
        if (!*unused) return std::unexpected(journal.damaged("it has no valid header"));
        return journal.create(random);
    }();
    if (!ready) return std::unexpected(ready.error());
    return journal;
}

Result<std::vector<ClaimVerdict>, IoError> SigningJournal::claim(std::span<const Claim> claims) {
    if (failure_) return std::unexpected(*failure_);
    const auto fail = [&](const IoError& error) {
        failure_ = error;
        return std::unexpected(error);
    };
    std::vector<ClaimVerdict> verdicts;
    std::vector<std::pair<KeyId, Entry>> fresh;
    std::size_t groups_used = used_group_count_;
    std::unordered_set<KeyId> seen;
    for (const Claim& claim : claims) {
        LEPTON_ASSERT(seen.insert(claim.key).second, "one claim per key");
        verdicts.push_back(judge(claim));
        const auto known = entries_.find(claim.key);
        const bool is_known = known != entries_.end();
        if (verdicts.back() != ClaimVerdict::granted ||
            (is_known && known->second.record.slot == claim.slot)) {
            continue;
        }
        if (!is_known && entries_.size() + fresh.size() >= kJournalKeysMax) {
            verdicts.back() = ClaimVerdict::journal_full;
            continue;
        }
        if (!is_known && groups_used == group_count_) {
            if (auto added = add_groups(); !added) return fail(added.error());
        }
        Entry entry = is_known ? known->second : Entry{.group = groups_used++, .record = {}};
        entry.record.role = claim.role;
        entry.record.slot = claim.slot;
        entry.record.message = claim.message;
        const std::uint64_t last = is_known ? entry.record.generation + 1 : 2;
        while (entry.record.generation < last) {
            ++entry.record.generation;
            if (auto written = write_record(entry.group, claim.key, entry.record); !written) {
                return fail(written.error());
            }
        }
        fresh.emplace_back(claim.key, entry);
    }
    if (!fresh.empty()) {
        if (auto synced = file_->sync(); !synced) return fail(synced.error());
    }
    if (groups_used > used_group_count_) {
        used_group_count_ = groups_used;
        if (auto written = write_header(); !written) return fail(written.error());
    }
    for (const auto& [key, entry] : fresh) entries_.insert_or_assign(key, entry);
    return verdicts;
}

std::optional<JournalRecord> SigningJournal::record(const KeyId& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    return found->second.record;
}

ClaimVerdict SigningJournal::judge(const Claim& claim) const {
    const bool is_early = claim.slot < safe_slot_;
    const auto found = entries_.find(claim.key);
    if (found == entries_.end()) {
        return is_early ? ClaimVerdict::before_safe_slot : ClaimVerdict::granted;
    }
    const JournalRecord& record = found->second.record;
    if (record.role != claim.role) return ClaimVerdict::other_role;
    if (claim.slot < record.slot) return ClaimVerdict::slot_passed;
    if (claim.slot == record.slot) {
        return claim.message == record.message ? ClaimVerdict::granted
                                               : ClaimVerdict::other_message;
    }
    const bool is_recent = record.slot >= safe_slot_ || safe_slot_ - record.slot <= kRecentSlots;
    return is_early && !is_recent ? ClaimVerdict::before_safe_slot : ClaimVerdict::granted;
}

Result<void, IoError> SigningJournal::create(Random& random) {
    random.fill(id_);
    // Without the header none of it counts, so a crash before the end leaves an unused file.
    const Bytes empty_header(kHeaderCopies * kBlockSize);
    if (auto cleared = file_->write(0, empty_header); !cleared) return cleared;
    return add_groups();
}

Result<void, IoError> SigningJournal::write_header() {
    const Header header = encode_header(id_, group_count_, used_group_count_);
    for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
        // One after the other: there is always a whole one.
        if (auto written = file_->write(copy * kBlockSize, header); !written) return written;
        if (auto synced = file_->sync(); !synced) return synced;
    }
    return {};
}

Result<void, IoError> SigningJournal::add_groups() {
    const Bytes empty_group(kCellsPerGroup * kBlockSize);
    const std::size_t first = group_count_;
    for (std::size_t group = first; group < first + kJournalKeysPerExtent; ++group) {
        if (auto written = file_->write(offset_of_group(group), empty_group); !written) {
            return written;
        }
    }
    if (auto synced = file_->sync(); !synced) return synced;
    group_count_ += kJournalKeysPerExtent;
    return write_header();
}

Result<void, IoError> SigningJournal::write_record(std::size_t group,
                                                   const KeyId& key,
                                                   const JournalRecord& record) {
    const Cell cell = encode_cell(id_, group, key, record);
    for (std::size_t copy = 0; copy < kCopies; ++copy) {
        const std::uint64_t offset = offset_of_cell(group, record.generation, copy);
        if (auto written = file_->write(offset, cell); !written) return written;
    }
    return {};
}

/// Takes the id and the larger number of groups from the headers. Returns false when both are bad.
Result<bool, IoError> SigningJournal::read_header(std::uint64_t size) {
    bool is_found = false;
    for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
        if (size < copy * kBlockSize + kHeaderSize) break;
        Header header{};
        if (auto read = file_->read(copy * kBlockSize, header); !read) {
            return std::unexpected(read.error());
        }
        const Bytes32 checksum = crypto::sha256(ByteView(header).first(64));
        if (as_text(ByteView(header).first(kMagic.size())) != kMagic ||
            !std::ranges::equal(ByteView(header).subspan(64, 32), checksum)) {
            continue;
        }
        if (get_u64(header, 8) > kFormatVersion) {
            return std::unexpected(IoError{fmt::format(
                "{} was written by a newer lepton (format {}, this one knows up to {}): start that "
                "version",
                file_->name(),
                get_u64(header, 8),
                kFormatVersion)});
        }
        const ByteView id = ByteView(header).subspan(16, id_.size());
        if (is_found && !std::ranges::equal(id, id_)) {
            return std::unexpected(damaged("its two headers belong to different journals"));
        }
        is_found = true;
        std::ranges::copy(id, id_.begin());
        group_count_ = std::max(group_count_, static_cast<std::size_t>(get_u64(header, 48)));
        used_group_count_ =
            std::max(used_group_count_, static_cast<std::size_t>(get_u64(header, 56)));
    }
    return is_found;
}

/// True when no claim can have been made: nothing but zeros behind the header.
Result<bool, IoError> SigningJournal::is_unused(std::uint64_t size) const {
    Bytes block(kBlockSize);
    for (std::uint64_t at = kHeaderCopies * kBlockSize; at < size; at += kBlockSize) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, size - at));
        const MutableByteView part = MutableByteView(block).first(count);
        if (auto read = file_->read(at, part); !read) return std::unexpected(read.error());
        if (!is_zero(part)) return false;
    }
    // A header that was begun may stand there; a file of another kind is not overwritten.
    Bytes start(static_cast<std::size_t>(std::min<std::uint64_t>(kMagic.size(), size)));
    if (auto read = file_->read(0, start); !read) return std::unexpected(read.error());
    for (std::size_t i = 0; i < start.size(); ++i) {
        if (start[i] != 0 && start[i] != as_bytes(kMagic)[i]) return false;
    }
    return true;
}

Result<void, IoError> SigningJournal::load(std::uint64_t size) {
    if (group_count_ > kJournalKeysMax || used_group_count_ > group_count_ ||
        size < offset_of_group(group_count_)) {
        return std::unexpected(damaged("it was cut, or its header is wrong"));
    }
    for (std::size_t group = 0; group < used_group_count_; ++group) {
        if (auto loaded = load_group(group); !loaded) return loaded;
    }
    if (auto synced = file_->sync(); !synced) return synced;
    for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
        Header header{};
        if (auto read = file_->read(copy * kBlockSize, header); !read) return read;
        // The older copy of a header must not come back when the newer one goes bad.
        if (header != encode_header(id_, group_count_, used_group_count_)) return write_header();
    }
    return {};
}

Result<void, IoError> SigningJournal::load_group(std::size_t group) {
    std::array<Cell, kCellsPerGroup> cells{};
    std::array<std::optional<ReadCell>, kCellsPerGroup> read_cells;
    std::optional<ReadCell> latest;
    for (std::size_t i = 0; i < kCellsPerGroup; ++i) {
        const std::uint64_t offset = offset_of_group(group) + i * kBlockSize;
        if (auto read = file_->read(offset, cells.at(i)); !read) return read;
        read_cells.at(i) = decode_cell(id_, group, cells.at(i));
        const auto& cell = read_cells.at(i);
        if (!cell) continue;
        if (cell->record.generation % 2 != i / kCopies || (latest && latest->key != cell->key)) {
            return std::unexpected(damaged(fmt::format("group {} contradicts itself", group)));
        }
        if (!latest || cell->record.generation > latest->record.generation) latest = cell;
    }
    if (!latest) return std::unexpected(damaged(fmt::format("group {} is unreadable", group)));
    const std::uint64_t generation = latest->record.generation;
    bool is_last = false;
    for (std::size_t copy = 0; copy < kCopies; ++copy) {
        const std::size_t i = (generation + 1) % 2 * kCopies + copy;
        const auto& cell = read_cells.at(i);
        const bool is_old = cell && cell->record.generation == generation - 1;
        is_last = is_last || is_old || is_torn(cells.at(i), generation - 1, generation + 1);
    }
    if (!is_last) {
        return std::unexpected(damaged(fmt::format("the last record of key 0x{} is unreadable",
                                                   to_hex(ByteView(latest->key.bytes)))));
    }
    if (!entries_.emplace(latest->key, Entry{group, latest->record}).second) {
        return std::unexpected(
            damaged(fmt::format("key 0x{} is there twice", to_hex(ByteView(latest->key.bytes)))));
    }
    for (std::size_t copy = 0; copy < kCopies; ++copy) {
        const auto& cell = read_cells.at(generation % 2 * kCopies + copy);
        if (cell && cell->record.generation == generation) continue;
        log::warn("signing_journal_repaired file={} key={} slot={}",
                  log::quoted(file_->name()),
                  latest->key,
                  latest->record.slot);
        const Cell cell_again = encode_cell(id_, group, latest->key, latest->record);
        return file_->write(offset_of_cell(group, generation, copy), cell_again);
    }
    return {};
}

IoError SigningJournal::damaged(std::string_view what) const {
    return {fmt::format(
        "{} cannot be trusted to know which slots were signed: {}; do not restore an older copy, "
        "move the file away and start again, signing then resumes after the slot of the start",
        file_->name(),
        what)};
}

}  // namespace lepton::validator
