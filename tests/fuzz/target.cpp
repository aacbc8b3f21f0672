// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"

#include "base/random.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

std::vector<Target>& table() {
    static std::vector<Target> targets;
    return targets;
}

/// FNV-1a: the random cuts follow from the bytes alone, so an input behaves the same everywhere.
std::uint64_t hash_of(ByteView bytes) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

}  // namespace

const std::vector<Target>& targets() {
    return table();
}

Registration::Registration(const Target& target) {
    std::vector<Target>& all = table();
    all.insert(std::ranges::upper_bound(all, target.name, {}, &Target::name), target);
}

std::vector<std::vector<ByteView>> cuts(ByteView bytes) {
    std::vector<std::vector<ByteView>> ways{{bytes}, {}};
    for (std::size_t i = 0; i < bytes.size(); ++i) ways[1].push_back(bytes.subspan(i, 1));
    SeededRandom random{hash_of(bytes)};
    for (const std::size_t size_max : {std::size_t{16}, std::max(bytes.size(), std::size_t{1})}) {
        std::vector<ByteView> pieces;
        for (ByteView rest = bytes; !rest.empty();) {
            const auto size =
                std::min(static_cast<std::size_t>(random.below(size_max + 1)), rest.size());
            pieces.push_back(rest.first(size));
            rest = rest.subspan(size);
        }
        ways.push_back(std::move(pieces));
    }
    return ways;
}

void expect_within(ByteView part, ByteView whole) {
    if (part.empty()) return;
    LEPTON_ASSERT(part.data() >= whole.data() &&
                  part.data() + part.size() <= whole.data() + whole.size());
}

void expect_within(std::string_view part, ByteView whole) {
    expect_within(as_bytes(part), whole);
}

std::uint8_t take_byte(ByteView& input) {
    return static_cast<std::uint8_t>(take_number(input, 1));
}

std::uint32_t take_number(ByteView& input, std::size_t size) {
    std::uint32_t number = 0;
    for (const std::uint8_t byte : take_bytes(input, size)) number = number << 8 | byte;
    return number;
}

ByteView take_bytes(ByteView& input, std::size_t size) {
    const ByteView taken = input.first(std::min(size, input.size()));
    input = input.subspan(taken.size());
    return taken;
}

Bytes bytes_of(std::string_view text) {
    return to_bytes(as_bytes(text));
}

Bytes bytes_of_hex(std::string_view text) {
    return from_hex(text).value();
}

Bytes joined(std::initializer_list<ByteView> parts) {
    Bytes all;
    for (const ByteView part : parts) append(all, part);
    return all;
}

}  // namespace lepton::fuzz
