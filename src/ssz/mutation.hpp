// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: damage to an SSZ form of the kinds that a strict decoder must tell from a value.
// Values; one thread.
#pragma once

#include "base/random.hpp"

#include <algorithm>
#include <bit>

namespace lepton::ssz {

/// Returns `bytes` after one change: a flipped bit, cut, extended, a number of four bytes (such as
/// an offset) replaced, the top bit of a byte (such as the delimiter of bits) moved, or bytes put
/// in or taken out.
inline Bytes mutated(Bytes bytes, Random& random) {
    const auto below = [&](std::size_t bound) {
        return static_cast<std::size_t>(random.below(bound));
    };
    const auto at = [&](std::size_t position) {
        return bytes.begin() + static_cast<std::ptrdiff_t>(position);
    };
    const auto byte = [&] { return static_cast<std::uint8_t>(random.below(256)); };
    const std::size_t size = bytes.size();
    const std::uint64_t kind = size == 0 ? 2 : random.below(7);
    switch (kind) {
        case 0: {
            std::uint8_t& hit = bytes[below(size)];
            hit = static_cast<std::uint8_t>(hit ^ 1U << random.below(8));
            break;
        }
        case 1:
            bytes.resize(below(size));
            break;
        case 2:
            for (std::size_t i = below(random.below(2) == 0 ? 2 : 40) + 1; i > 0; --i) {
                bytes.push_back(random.below(2) == 0 ? std::uint8_t{0} : byte());
            }
            break;
        case 3: {
            if (size < 4) break;
            // Offsets stand at even places, mostly in front.
            const std::size_t place = below(std::min<std::size_t>(size - 3, 400)) & ~std::size_t{1};
            std::uint64_t number = 0;
            for (std::size_t i = 4; i-- > 0;) number = number << 8 | bytes[place + i];
            switch (random.below(4)) {
                case 0:
                    number += random.below(9);
                    break;
                case 1:
                    number -= random.below(9);
                    break;
                case 2:
                    number = size - below(3);
                    break;
                default:
                    number = random.next_u64() >> random.below(64);
                    break;
            }
            for (std::size_t i = 0; i < 4; ++i) {
                bytes[place + i] = static_cast<std::uint8_t>(number >> (8 * i));
            }
            break;
        }
        case 4: {
            std::uint8_t& hit = random.below(2) == 0 ? bytes.back() : bytes[below(size)];
            const unsigned rest = hit & ~std::bit_floor(static_cast<unsigned>(hit));
            const std::uint64_t top = random.below(9);
            hit = static_cast<std::uint8_t>(top == 8 ? rest : rest | 1U << top);
            break;
        }
        case 5:
            for (std::size_t i = below(6) + 1; i > 0; --i) {
                bytes.insert(at(below(bytes.size())), byte());
            }
            break;
        default:
            for (std::size_t i = below(6) + 1; i > 0 && !bytes.empty(); --i) {
                bytes.erase(at(below(bytes.size())));
            }
            break;
    }
    return bytes;
}

}  // namespace lepton::ssz
