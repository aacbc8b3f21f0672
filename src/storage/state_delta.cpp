// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// How states differ. The history grows at its end; the votes of a pending justification change bit
// by bit, or a whole entry comes or goes in the middle. So for each list: what both have in common
// at the end is a number, and what comes before is a series of runs, each copying some bytes from
// the same position of the base and then putting new ones. When the list kept its length, unchanged
// stretches between changes are copied too; when it did not, all between the common start and the
// common end is new.
//
// Format, all numbers little-endian:
//   208 bytes   the fixed fields, whole
//   per list    u32 bytes in common at the end, u32 runs, then per run
//               u32 bytes to copy, u32 new bytes, the new bytes
#include "storage/state_delta.hpp"

#include "base/assert.hpp"
#include "ssz/ssz.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace lepton::storage {
namespace {

/// Genesis time, slot, header, two checkpoints; then five offsets.
constexpr std::size_t kFixedSize = 8 + 8 + 112 + 40 + 40;
constexpr std::size_t kListsBegin = kFixedSize + kStateListCount * ssz::kOffsetSize;
/// A run costs eight bytes more than the bytes it replaces: shorter gaps are not worth a new one.
constexpr std::size_t kGapMin = 8;

void put_u32(Bytes& out, std::size_t number) {
    LEPTON_ASSERT(number <= std::numeric_limits<std::uint32_t>::max());
    ssz::append_little_endian(out, number, 4);
}

/// Returns how many bytes `a` and `b` have in common at the start.
std::size_t common_prefix(ByteView a, ByteView b) {
    constexpr std::size_t kBlock = 4096;
    const std::size_t size = std::min(a.size(), b.size());
    std::size_t same = 0;
    while (size - same >= kBlock && std::memcmp(a.data() + same, b.data() + same, kBlock) == 0) {
        same += kBlock;
    }
    while (same < size && a[same] == b[same]) ++same;
    return same;
}

std::size_t common_suffix(ByteView a, ByteView b) {
    const std::size_t size = std::min(a.size(), b.size());
    std::size_t same = 0;
    while (same < size && a[a.size() - 1 - same] == b[b.size() - 1 - same]) ++same;
    return same;
}

struct Run {
    std::size_t copied = 0;
    ByteView fresh;
};

/// Returns the runs between two stretches of equal size that begin and end differently.
std::vector<Run> runs_of_same_size(std::size_t prefix, ByteView base, ByteView target) {
    std::vector<Run> runs;
    std::size_t copied = prefix;
    std::size_t at = 0;
    while (at < target.size()) {
        if (base[at] == target[at]) {
            ++at;
            ++copied;
            continue;
        }
        std::size_t end = at + 1;
        for (std::size_t i = end; i < target.size() && i < end + kGapMin; ++i) {
            if (base[i] != target[i]) end = i + 1;
        }
        runs.push_back({copied, target.subspan(at, end - at)});
        copied = 0;
        at = end;
    }
    return runs;
}

void put_list_delta(Bytes& out, ByteView base, ByteView target) {
    const std::size_t prefix = common_prefix(base, target);
    const std::size_t suffix = common_suffix(base.subspan(prefix), target.subspan(prefix));
    const ByteView old_part = base.subspan(prefix, base.size() - prefix - suffix);
    const ByteView new_part = target.subspan(prefix, target.size() - prefix - suffix);
    // An empty middle on both sides means that the lists are equal: one run that copies.
    const std::vector<Run> runs = old_part.size() == new_part.size() && !new_part.empty()
                                      ? runs_of_same_size(prefix, old_part, new_part)
                                      : std::vector<Run>{{prefix, new_part}};
    put_u32(out, suffix);
    put_u32(out, runs.size());
    for (const Run& run : runs) {
        put_u32(out, run.copied);
        put_u32(out, run.fresh.size());
        append(out, run.fresh);
    }
}

/// Takes parts off the front of a delta; `ok` turns false for good when it ends too early.
class Reader {
  public:
    explicit Reader(ByteView bytes) : rest_(bytes) {}

    ByteView take(std::size_t size) {
        if (size > rest_.size()) {
            ok_ = false;
            return {};
        }
        const ByteView taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    std::size_t take_u32() { return static_cast<std::size_t>(ssz::read_little_endian(take(4))); }
    bool ok() const { return ok_; }
    bool is_at_end() const { return ok_ && rest_.empty(); }

  private:
    ByteView rest_;
    bool ok_ = true;
};

/// Applies the runs of one list. Lists that only grew, or kept their size, are changed in place.
bool apply_list_delta(Bytes& list, Reader& delta) {
    const std::size_t suffix = delta.take_u32();
    const std::size_t run_count = delta.take_u32();
    if (!delta.ok() || suffix > list.size()) return false;
    const Bytes tail(list.end() - static_cast<std::ptrdiff_t>(suffix), list.end());
    const std::size_t base_size = list.size();
    std::size_t at = 0;
    for (std::size_t i = 0; i < run_count; ++i) {
        const std::size_t copied = delta.take_u32();
        const ByteView fresh = delta.take(delta.take_u32());
        if (!delta.ok() || at + copied > base_size) return false;
        at += copied;
        if (list.size() < at + fresh.size()) list.resize(at + fresh.size());
        std::ranges::copy(fresh, list.begin() + static_cast<std::ptrdiff_t>(at));
        at += fresh.size();
    }
    list.resize(at);
    append(list, tail);
    return true;
}

}  // namespace

std::optional<SplitState> split_state(ByteView ssz) {
    if (ssz.size() < kListsBegin) return std::nullopt;
    SplitState state;
    state.fixed = to_bytes(ssz.first(kFixedSize));
    std::size_t begin = kListsBegin;
    for (std::size_t i = 0; i < kStateListCount; ++i) {
        const std::size_t next = kFixedSize + (i + 1) * ssz::kOffsetSize;
        const std::size_t end = i + 1 < kStateListCount
                                    ? static_cast<std::size_t>(ssz::read_little_endian(
                                          ssz.subspan(next, ssz::kOffsetSize)))
                                    : ssz.size();
        if (i == 0 &&
            ssz::read_little_endian(ssz.subspan(kFixedSize, ssz::kOffsetSize)) != kListsBegin) {
            return std::nullopt;
        }
        if (end < begin || end > ssz.size()) return std::nullopt;
        state.lists[i] = to_bytes(ssz.subspan(begin, end - begin));
        begin = end;
    }
    return state;
}

Bytes join_state(const SplitState& state) {
    std::size_t size = kListsBegin;
    for (const Bytes& list : state.lists) size += list.size();
    Bytes out;
    out.reserve(size);
    append(out, state.fixed);
    std::size_t offset = kListsBegin;
    for (const Bytes& list : state.lists) {
        put_u32(out, offset);
        offset += list.size();
    }
    for (const Bytes& list : state.lists) append(out, list);
    return out;
}

Bytes make_delta(const SplitState& base, const SplitState& target) {
    Bytes out = target.fixed;
    for (std::size_t i = 0; i < kStateListCount; ++i) {
        put_list_delta(out, base.lists[i], target.lists[i]);
    }
    return out;
}

bool apply_delta(SplitState& state, ByteView delta) {
    Reader reader(delta);
    const ByteView fixed = reader.take(kFixedSize);
    if (!reader.ok()) return false;
    state.fixed = to_bytes(fixed);
    for (Bytes& list : state.lists) {
        if (!apply_list_delta(list, reader)) return false;
    }
    return reader.is_at_end();
}

}  // namespace lepton::storage
