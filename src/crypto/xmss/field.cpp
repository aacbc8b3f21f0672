// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/field.hpp"

namespace lepton::crypto::xmss {

std::array<Fp, 9> message_digits(const Bytes32& message) {
    auto words = std::bit_cast<std::array<std::uint32_t, 8>>(message);
    for (std::uint32_t& word : words) word = little_endian(word);
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

}  // namespace lepton::crypto::xmss
