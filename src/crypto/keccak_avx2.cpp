// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Keccak-f[1600] with AVX2: a register takes one lane of four states, so a call works on two halves
// one after the other. A rotation is two shifts, or one byte shuffle where the distance allows it.
#include "crypto/keccak_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define LEPTON_TARGET_AVX2 __attribute__((target("avx2")))

namespace lepton::crypto::keccak_kernels {
namespace {

constexpr std::size_t kStatesOfHalf = 4;

// Which byte comes to each place, lowest first, in the two words of either half of a register.
LEPTON_TARGET_AVX2 inline __m256i bytes_of_both(long long low, long long high) {
    return _mm256_set_epi64x(high, low, high, low);
}

template <int Distance>
LEPTON_TARGET_AVX2 inline __m256i rotated(__m256i word) {
    if constexpr (Distance == 8) {
        return _mm256_shuffle_epi8(word, bytes_of_both(0x0605040302010007, 0x0e0d0c0b0a09080f));
    } else if constexpr (Distance == 56) {
        return _mm256_shuffle_epi8(word, bytes_of_both(0x0007060504030201, 0x080f0e0d0c0b0a09));
    } else {
        return _mm256_or_si256(_mm256_slli_epi64(word, Distance),
                               _mm256_srli_epi64(word, 64 - Distance));
    }
}

// The steps rho and pi from place I of the path on: `moving` goes there.
template <std::size_t I = 0>
LEPTON_TARGET_AVX2 inline void move_words(__m256i (&a)[25], __m256i moving) {
    const __m256i displaced = a[kPath[I]];
    a[kPath[I]] = rotated<kRotations[I]>(moving);
    if constexpr (I + 1 < kPath.size()) move_words<I + 1>(a, displaced);
}

LEPTON_TARGET_AVX2 void permute_half(States& states, std::size_t first) {
    const auto place = [&](std::size_t i) {
        return reinterpret_cast<__m256i*>(states.words[i].data() + first);
    };
    __m256i a[25];
#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i) a[i] = *place(i);

    for (const std::uint64_t round_constant : kRoundConstants) {
        __m256i parity[5];
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            const __m256i mix = parity[(x + 4) % 5] ^ rotated<1>(parity[(x + 1) % 5]);
#pragma GCC unroll 5
            for (std::size_t y = 0; y < 25; y += 5) a[x + y] ^= mix;
        }
        move_words(a, a[1]);
#pragma GCC unroll 5
        for (std::size_t y = 0; y < 25; y += 5) {
            const __m256i row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
#pragma GCC unroll 5
            for (std::size_t x = 0; x < 5; ++x) {
                a[y + x] = row[x] ^ _mm256_andnot_si256(row[(x + 1) % 5], row[(x + 2) % 5]);
            }
        }
        a[0] ^= _mm256_set1_epi64x(static_cast<long long>(round_constant));
    }

#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i) *place(i) = a[i];
}

LEPTON_TARGET_AVX2 void permute_avx2(States& states) {
    for (std::size_t first = 0; first < kStates; first += kStatesOfHalf) {
        permute_half(states, first);
    }
}

}  // namespace

const Kernel* avx2() {
    static constexpr Kernel kernel{"avx2", permute_avx2};
    return __builtin_cpu_supports("avx2") ? &kernel : nullptr;
}

}  // namespace lepton::crypto::keccak_kernels

#else

namespace lepton::crypto::keccak_kernels {

const Kernel* avx2() {
    return nullptr;
}

}  // namespace lepton::crypto::keccak_kernels

#endif
