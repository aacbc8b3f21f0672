// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// From the hash of a message to the codeword: one digit per chain, how far the chain is walked
// before it is published. All codewords have the same sum, so no other message's codeword is
// reachable by walking further. Spec: crypto/xmss/encoding.py. Any thread.
#pragma once

#include "crypto/xmss/parameters.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"

#include <algorithm>

namespace lepton::crypto::xmss {

template <class P>
using Codeword = std::array<std::uint8_t, P::kChains>;

/// Elements of a message hash that give the digits.
template <class P>
inline constexpr std::size_t kEncodedElements =
    (P::kChains + kDigitsPerElement - 1) / kDigitsPerElement;

/// Returns the codeword of a message hash.
/// Errors: codeword_aborted (an element is p - 1, which would make digits unequally likely),
///         codeword_sum
template <class P>
Result<Codeword<P>, SignatureError> codeword_of(const Digest& message_hash) {
    Codeword<P> codeword;
    unsigned sum = 0;
    for (std::size_t i = 0; i < kEncodedElements<P>; ++i) {
        if (message_hash[i] == kPrime - 1) {
            return std::unexpected(SignatureError::codeword_aborted);
        }
        Fp rest = message_hash[i] / kDigitQuotient;
        for (std::size_t j = i * kDigitsPerElement;
             j < std::min((i + 1) * kDigitsPerElement, P::kChains);
             ++j) {
            codeword[j] = rest % Fp{kChainLength};
            sum += codeword[j];
            rest /= Fp{kChainLength};
        }
    }
    if (sum != P::kTargetSum) return std::unexpected(SignatureError::codeword_sum);
    return codeword;
}

/// Returns the first lane whose message hash has a codeword, kLanes when none has. Takes the same
/// time for all hashes up to that answer: those of other attempts stay secret.
template <class P>
std::size_t first_encodable(const Lanes<8>& hashes) {
    std::array<std::uint32_t, kLanes> sums{}, aborts{};
    for (std::size_t i = 0; i < kEncodedElements<P>; ++i) {
        const std::size_t digits = std::min(kDigitsPerElement, P::kChains - i * kDigitsPerElement);
        const std::uint32_t used = (std::uint32_t{1} << (kDigitBits * digits)) - 1;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::uint32_t quotient = hashes.rows[i][lane] / kDigitQuotient;
            aborts[lane] |= quotient >> (kDigitBits * kDigitsPerElement);
            // Octal digits are summed in pairs, then the four sums (at most 14 in six bits each) by
            // the multiplication, which gathers them in the fourth place.
            const std::uint32_t octal = quotient & used;
            const std::uint32_t pairs = (octal & 007070707) + (octal >> 3 & 007070707);
            sums[lane] += (pairs * 001010101) >> 18 & 077;
        }
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (aborts[lane] == 0 && sums[lane] == P::kTargetSum) return lane;
    }
    return kLanes;
}

}  // namespace lepton::crypto::xmss
