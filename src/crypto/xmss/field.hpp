// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The prime field of the scheme (KoalaBear). Elements are kept in canonical form everywhere, so
// reading and writing them is a plain copy of little-endian words; only the Poseidon kernel works
// in another form inside. Values; any thread.
#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

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

/// Returns a + b. Takes the same time for all values.
constexpr Fp add(Fp a, Fp b) {
    const Fp sum = a + b;  // below 2^32 because p is below 2^31
    return sum - (kPrime & -Fp{sum >= kPrime});
}

/// Returns a * b. For tables and public values: the time may depend on them.
constexpr Fp multiply(Fp a, Fp b) {
    return static_cast<Fp>(std::uint64_t{a} * b % kPrime);
}

/// Returns the two base-p digits of `number`, low digit first: how tweaks enter a hash.
/// Requires number < p^2.
constexpr std::array<Fp, 2> base_p_digits(std::uint64_t number) {
    return {static_cast<Fp>(number % kPrime), static_cast<Fp>(number / kPrime)};
}

/// Returns the 9 base-p digits, low digit first, of `message` as a little-endian number: how
/// messages enter a hash.
std::array<Fp, 9> message_digits(const Bytes32& message);

/// Returns the 16 bytes as a big-endian number modulo p. Takes the same time for all values.
Fp reduce_big_endian(std::span<const std::uint8_t, 16> bytes);

/// Fills `elements` from 4 * elements.size() bytes; returns false when one is not below p.
/// Requires bytes.size() == 4 * elements.size().
bool read_elements(ByteView bytes, std::span<Fp> elements);

/// Writes `elements` into 4 * elements.size() bytes.
void write_elements(std::span<const Fp> elements, MutableByteView bytes);

}  // namespace lepton::crypto::xmss
