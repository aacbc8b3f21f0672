// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a fuzz target is. Each fuzz_<name>.cpp has one: a function that takes bytes as a peer or a
// file would bring them, and aborts when lepton breaks a promise about them. The same target is
// linked with libFuzzer into a program of its own, and with all others into the replay test. One
// thread.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace lepton::fuzz {

struct Target {
    /// That of the file, without "fuzz_" and ".cpp".
    std::string_view name;
    /// Longest input that is tried: what shows every branch of the decoder, not what it permits.
    std::size_t size_max = 0;
    void (*run)(ByteView input) = nullptr;
    /// Inputs to begin with, the same in every run: what lepton's encoders make, and samples of
    /// what is wrong.
    std::vector<Bytes> (*seeds)() = nullptr;
};

/// The targets of this program, by name.
const std::vector<Target>& targets();

/// Adds a target while the program is being loaded.
class Registration {
  public:
    explicit Registration(const Target& target);
};

/// Returns `bytes` in several cuts that together are `bytes`: in one piece, byte by byte, and twice
/// in pieces whose sizes look random and follow from the bytes.
std::vector<std::vector<ByteView>> cuts(ByteView bytes);

/// Aborts unless `decode(pieces)` gives the same for every cut of `bytes`; returns what it gives.
template <class Decode>
auto same_in_pieces(ByteView bytes, Decode decode) {
    const auto ways = cuts(bytes);
    auto whole = decode(ways.front());
    for (std::size_t i = 1; i < ways.size(); ++i) LEPTON_ASSERT(decode(ways[i]) == whole);
    return whole;
}

/// Aborts unless `part` lies in `whole`: a decoder that borrows must not point elsewhere.
void expect_within(ByteView part, ByteView whole);
void expect_within(std::string_view part, ByteView whole);

/// Takes a number from the front of an input that steers a target, zero at its end.
std::uint8_t take_byte(ByteView& input);
std::uint32_t take_number(ByteView& input, std::size_t size);
/// Takes at most `size` bytes.
ByteView take_bytes(ByteView& input, std::size_t size);

Bytes bytes_of(std::string_view text);
Bytes bytes_of_hex(std::string_view text);
Bytes joined(std::initializer_list<ByteView> parts);

}  // namespace lepton::fuzz
