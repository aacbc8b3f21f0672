// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/field.hpp"

#include "base/assert.hpp"

namespace lepton::crypto::xmss {
namespace {

std::uint32_t load_le(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[3]} << 24 | std::uint32_t{bytes[2]} << 16 |
           std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[0]};
}

}  // namespace

std::array<Fp, 9> message_digits(const Bytes32& message) {
    std::array<std::uint32_t, 8> words;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = load_le(message.data() + 4 * i);
    std::array<Fp, 9> digits;
    std::size_t count = words.size();
    for (Fp& digit : digits) {
        // Long division of the whole number by p; words that have become zero are left out.
        while (count > 0 && words[count - 1] == 0) --count;
        std::uint64_t remainder = 0;
        for (std::size_t i = count; i-- > 0;) {
            const std::uint64_t part = remainder << 32 | words[i];
            words[i] = static_cast<std::uint32_t>(part / kPrime);
            remainder = part % kPrime;
        }
        digit = static_cast<Fp>(remainder);
    }
    return digits;
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
