// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/field.hpp"

#include "base/assert.hpp"

namespace lepton::crypto::xmss {
namespace {

constexpr Fp kTwo32 = static_cast<Fp>((std::uint64_t{1} << 32) % kPrime);
constexpr Fp kTwo64 = multiply(kTwo32, kTwo32);
constexpr Fp kTwo96 = multiply(kTwo64, kTwo32);
constexpr Fp kTwo128 = multiply(kTwo96, kTwo32);

// Returns wide / 2^32 in the field (Montgomery reduction). Requires wide < 2^32 * p. The multiple
// of p that clears the low half is exact, so the high half of the difference lies in (-p, p).
constexpr Fp divide_by_two32(std::uint64_t wide) {
    const std::uint32_t quotient = static_cast<std::uint32_t>(wide) * kPrimeInverse;
    const auto high = static_cast<std::uint32_t>(wide >> 32);
    const auto cleared = static_cast<std::uint32_t>((std::uint64_t{quotient} * kPrime) >> 32);
    const std::uint32_t difference = high - cleared;
    return difference + (kPrime & -(difference >> 31));
}

std::uint32_t load_be(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

std::uint32_t load_le(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[3]} << 24 | std::uint32_t{bytes[2]} << 16 |
           std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[0]};
}

}  // namespace

std::array<Fp, 9> message_digits(const Bytes32& message) {
    std::array<std::uint32_t, 8> words;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = load_le(message.data() + 4 * i);
    std::array<Fp, 9> digits;
    for (Fp& digit : digits) {
        // Long division of the whole number by p.
        std::uint64_t remainder = 0;
        for (std::size_t i = words.size(); i-- > 0;) {
            const std::uint64_t part = remainder << 32 | words[i];
            words[i] = static_cast<std::uint32_t>(part / kPrime);
            remainder = part % kPrime;
        }
        digit = static_cast<Fp>(remainder);
    }
    return digits;
}

Fp reduce_big_endian(std::span<const std::uint8_t, 16> bytes) {
    // Each 32-bit word times the value of its place; the places carry the factor 2^32 that
    // divide_by_two32 takes away.
    constexpr std::array<Fp, 4> kPlaces{kTwo128, kTwo96, kTwo64, kTwo32};
    Fp sum = 0;
    for (std::size_t i = 0; i < kPlaces.size(); ++i) {
        const std::uint64_t word = load_be(bytes.data() + 4 * i);
        sum = add(sum, divide_by_two32(word * kPlaces[i]));
    }
    return sum;
}

bool read_elements(ByteView bytes, std::span<Fp> elements) {
    LEPTON_ASSERT(bytes.size() == kFpSize * elements.size());
    bool is_canonical = true;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        elements[i] = load_le(bytes.data() + kFpSize * i);
        is_canonical &= elements[i] < kPrime;
    }
    return is_canonical;
}

void write_elements(std::span<const Fp> elements, MutableByteView bytes) {
    LEPTON_ASSERT(bytes.size() == kFpSize * elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
        for (std::size_t j = 0; j < kFpSize; ++j) {
            bytes[kFpSize * i + j] = static_cast<std::uint8_t>(elements[i] >> (8 * j));
        }
    }
}

}  // namespace lepton::crypto::xmss
