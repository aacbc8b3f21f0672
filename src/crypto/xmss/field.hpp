// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The prime field of the scheme (KoalaBear). Elements are kept in canonical form everywhere, so
// reading and writing them is a plain copy of little-endian words; only the Poseidon kernel works
// in another form inside. Values; any thread.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lepton::crypto::xmss {

/// A field element in canonical form: below kPrime.
using Fp = std::uint32_t;

/// p = 2^31 - 2^24 + 1.
inline constexpr Fp kPrime = 0x7f000001;
/// The inverse of p modulo 2^32.
inline constexpr std::uint32_t kPrimeInverse = 0x81000001;
static_assert(kPrime * kPrimeInverse == 1);

/// Bytes of an element in every encoding.
inline constexpr std::size_t kFpSize = 4;

/// Returns the word whose bytes in memory are those of `word` in little-endian order, or back.
constexpr std::uint32_t little_endian(std::uint32_t word) {
    return std::endian::native == std::endian::little ? word : __builtin_bswap32(word);
}

/// Returns a + b. Takes the same time for all values.
constexpr Fp add(Fp a, Fp b) {
    const Fp sum = a + b;  // below 2^32 because p is below 2^31
    return sum - (kPrime & -Fp{sum >= kPrime});
}

/// Returns a * b. For tables and public values: the time may depend on them.
constexpr Fp multiply(Fp a, Fp b) {
    return static_cast<Fp>(std::uint64_t{a} * b % kPrime);
}

/// Returns wide / 2^32 in the field (Montgomery reduction). Requires wide < 2^32 * p. Takes the
/// same time for all values.
constexpr Fp divide_by_two32(std::uint64_t wide) {
    // The multiple of p that clears the low half is exact, so the high half of the difference lies
    // in (-p, p).
    const std::uint32_t quotient = static_cast<std::uint32_t>(wide) * kPrimeInverse;
    const auto high = static_cast<std::uint32_t>(wide >> 32);
    const auto cleared = static_cast<std::uint32_t>((std::uint64_t{quotient} * kPrime) >> 32);
    const std::uint32_t difference = high - cleared;
    return difference + (kPrime & -(difference >> 31));
}

/// Returns the two base-p digits of `number`, low digit first: how tweaks enter a hash.
/// Requires number < p^2.
constexpr std::array<Fp, 2> base_p_digits(std::uint64_t number) {
    return {static_cast<Fp>(number % kPrime), static_cast<Fp>(number / kPrime)};
}

/// Returns the 9 base-p digits, low digit first, of `message` as a little-endian number: how
/// messages enter a hash.
std::array<Fp, 9> message_digits(const Bytes32& message);

/// Returns high * 2^64 + low modulo p. Takes the same time for all values.
constexpr Fp reduce(std::uint64_t high, std::uint64_t low) {
    constexpr Fp kTwo32 = static_cast<Fp>((std::uint64_t{1} << 32) % kPrime);
    constexpr Fp kTwo64 = multiply(kTwo32, kTwo32);
    constexpr Fp kTwo96 = multiply(kTwo64, kTwo32);
    constexpr Fp kTwo128 = multiply(kTwo96, kTwo32);
    constexpr std::uint64_t kWordMax = 0xffffffff;
    // Each 32-bit word times the value of its place and times 2^32, which the last line takes away.
    const std::uint64_t upper = (high >> 32) * kTwo128 + (high & kWordMax) * kTwo96;
    const std::uint64_t lower = (low >> 32) * kTwo64 + (low & kWordMax) * kTwo32;
    static_assert(std::uint64_t{kTwo128} + kTwo96 <= kWordMax);
    const std::uint64_t sum = (upper >> 32) * kTwo32 + (upper & kWordMax) + lower;
    static_assert((std::uint64_t{kTwo32} + 1 + kTwo64 + kTwo32) < kPrime);
    return divide_by_two32(sum);
}

/// Fills `elements` from kFpSize * Count bytes; returns false when one is not below p.
/// Requires that many bytes.
template <std::size_t Count>
bool read_elements(ByteView bytes, std::array<Fp, Count>& elements) {
    LEPTON_ASSERT(bytes.size() == sizeof elements);
    std::memcpy(elements.data(), bytes.data(), sizeof elements);
    Fp beyond = 0;  // its highest bit is set by 2^31 and above, and by p to 2^31
    for (Fp& element : elements) {
        element = little_endian(element);
        beyond |= element | (kPrime - 1 - element);
    }
    return beyond >> 31 == 0;
}

/// Writes `elements` into kFpSize * Count bytes.
template <std::size_t Count>
void write_elements(const std::array<Fp, Count>& elements, MutableByteView bytes) {
    LEPTON_ASSERT(bytes.size() == sizeof elements);
    std::array<Fp, Count> words;
    for (std::size_t i = 0; i < Count; ++i) words[i] = little_endian(elements[i]);
    std::memcpy(bytes.data(), words.data(), sizeof words);
}

}  // namespace lepton::crypto::xmss
