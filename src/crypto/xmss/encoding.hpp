// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// From the hash of a message to the codeword: one digit per chain, how far the chain is walked
// before it is published. All codewords have the same sum, so no other message's codeword is
// reachable by walking further. Spec: crypto/xmss/encoding.py. Any thread.
#pragma once

#include "crypto/xmss/parameters.hpp"

#include <algorithm>

namespace lepton::crypto::xmss {

template <class P>
using Codeword = std::array<std::uint8_t, P::kChains>;

/// Returns the codeword of a message hash.
/// Errors: codeword_aborted (an element is p - 1, which would make digits unequally likely),
///         codeword_sum
template <class P>
Result<Codeword<P>, SignatureError> codeword_of(const Digest& message_hash) {
    constexpr std::size_t kElements = (P::kChains + kDigitsPerElement - 1) / kDigitsPerElement;
    static_assert(kElements <= std::tuple_size_v<Digest>);
    Codeword<P> codeword;
    unsigned sum = 0;
    for (std::size_t i = 0; i < kElements; ++i) {
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

}  // namespace lepton::crypto::xmss
