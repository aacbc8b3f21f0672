// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The generalized XMSS scheme of leanSig (target-sum encoding with aborts over Poseidon) in its two
// parameter sets, and the small types everything else in this folder shares. Spec: crypto/xmss/
// constants.py. Values; any thread.
#pragma once

#include "crypto/signature_scheme.hpp"
#include "crypto/xmss/field.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lepton::crypto::xmss {

/// A node of a tree or a position in a chain.
using Digest = std::array<Fp, 8>;
/// The public value of a key that enters every hash made for it.
using Parameter = std::array<Fp, 5>;
/// The randomness of a signature that makes its message encodable.
using Rho = std::array<Fp, 7>;
/// What the sponge of a leaf starts with: separates parameter sets.
using Capacity = std::array<Fp, 9>;

inline constexpr std::size_t kDigestSize = kFpSize * std::tuple_size_v<Digest>;
inline constexpr std::size_t kParameterSize = kFpSize * std::tuple_size_v<Parameter>;
inline constexpr std::size_t kRhoSize = kFpSize * std::tuple_size_v<Rho>;

/// Positions of a chain, and the bits of one codeword digit.
inline constexpr std::size_t kChainLength = 8;
inline constexpr std::size_t kDigitBits = 3;
/// Digits taken from one element of a message hash; p - 1 = kDigitQuotient * 8^kDigitsPerElement.
inline constexpr std::size_t kDigitsPerElement = 8;
inline constexpr Fp kDigitQuotient = 127;
static_assert(kDigitQuotient << (kDigitBits * kDigitsPerElement) == kPrime - 1);
/// Randomness tried before a message counts as not encodable.
inline constexpr std::uint64_t kAttemptsMax = 100'000;

/// What live networks use.
struct ProdParameters {
    static constexpr SchemeId kId = SchemeId::leansig_prod;
    static constexpr std::string_view kName = "leansig-prod";
    static constexpr std::size_t kLogLifetime = 32;  // also the height of the tree
    static constexpr std::size_t kChains = 46;
    static constexpr unsigned kTargetSum = 200;
};

/// The small instance of spec vectors.
struct TestParameters {
    static constexpr SchemeId kId = SchemeId::leansig_test;
    static constexpr std::string_view kName = "leansig-test";
    static constexpr std::size_t kLogLifetime = 8;
    static constexpr std::size_t kChains = 4;
    static constexpr unsigned kTargetSum = 6;
};

/// Slots of a key.
template <class P>
inline constexpr std::uint64_t kLifetime = std::uint64_t{1} << P::kLogLifetime;
/// The level of the tree that bottom trees end and the top tree starts at.
template <class P>
inline constexpr std::size_t kBottomHeight = P::kLogLifetime / 2;
/// Slots of one bottom tree.
template <class P>
inline constexpr std::uint64_t kBottomLeaves = std::uint64_t{1} << kBottomHeight<P>;

}  // namespace lepton::crypto::xmss
