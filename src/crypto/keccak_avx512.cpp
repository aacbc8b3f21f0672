// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keccak-f[1600] with AVX-512: a register takes one lane of eight states, so that the 25 lanes stay
// in registers. vprolq rotates, and vpternlogq computes any function of three bits: the sums of
// three terms in step theta and all of step chi.
#include "crypto/keccak_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

// g++ 12 reports its own intrinsics.
#pragma GCC diagnostic ignored "-Wuninitialized"

#define LEPTON_TARGET_AVX512 __attribute__((target("avx512f")))

namespace lepton::crypto::keccak_kernels {
namespace {

// The truth tables that vpternlogq takes.
constexpr int kSum = 0x96;  // a ^ b ^ c
constexpr int kChi = 0xd2;  // a ^ (~b & c)

template <int Distance>
LEPTON_TARGET_AVX512 inline __m512i rotated(__m512i word) {
    return _mm512_rol_epi64(word, Distance);
}

// The steps rho and pi from place I of the path on: `moving` goes there.
template <std::size_t I = 0>
LEPTON_TARGET_AVX512 inline void move_words(__m512i (&a)[25], __m512i moving) {
    const __m512i displaced = a[kPath[I]];
    a[kPath[I]] = rotated<kRotations[I]>(moving);
    if constexpr (I + 1 < kPath.size()) move_words<I + 1>(a, displaced);
}

LEPTON_TARGET_AVX512 void permute_avx512(States& states) {
    __m512i a[25];
#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i) a[i] = _mm512_load_si512(states.words[i].data());

    for (const std::uint64_t round_constant : kRoundConstants) {
        __m512i parity[5];
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            parity[x] = _mm512_ternarylogic_epi64(a[x], a[x + 5], a[x + 10], kSum);
            parity[x] = _mm512_ternarylogic_epi64(parity[x], a[x + 15], a[x + 20], kSum);
        }
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            const __m512i turned = rotated<1>(parity[(x + 1) % 5]);
#pragma GCC unroll 5
            for (std::size_t y = 0; y < 25; y += 5) {
                a[x + y] = _mm512_ternarylogic_epi64(a[x + y], parity[(x + 4) % 5], turned, kSum);
            }
        }
        move_words(a, a[1]);
#pragma GCC unroll 5
        for (std::size_t y = 0; y < 25; y += 5) {
            const __m512i row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
#pragma GCC unroll 5
            for (std::size_t x = 0; x < 5; ++x) {
                a[y + x] =
                    _mm512_ternarylogic_epi64(row[x], row[(x + 1) % 5], row[(x + 2) % 5], kChi);
            }
        }
        const auto constant = static_cast<long long>(round_constant);
        a[0] = _mm512_xor_si512(a[0], _mm512_set1_epi64(constant));
    }

#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i) _mm512_store_si512(states.words[i].data(), a[i]);
}

}  // namespace

const Kernel* avx512() {
    static constexpr Kernel kernel{"avx512", permute_avx512};
    return __builtin_cpu_supports("avx512f") ? &kernel : nullptr;
}

}  // namespace lepton::crypto::keccak_kernels

#else

namespace lepton::crypto::keccak_kernels {

const Kernel* avx512() {
    return nullptr;
}

}  // namespace lepton::crypto::keccak_kernels

#endif
