// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// SHA-256 with the x86 SHA instructions.
//
// The instruction sha256rnds2 does two rounds on the eight working variables, which it wants split
// over two registers as (a b e f) and (c d g h), highest lane first; a chaining value is turned
// into that form and back. sha256msg1 and sha256msg2 compute four words of the message schedule.
// One chain of rounds is bound by the latency of sha256rnds2, so the merkle kernel runs two
// independent blocks side by side.
#include "crypto/sha256_kernels.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <utility>

#define LEPTON_TARGET_SHA __attribute__((target("sha,sse4.1,ssse3")))

namespace lepton::crypto::sha256_kernels {
namespace {

// The working variables of `Lanes` independent messages.
template <std::size_t Lanes>
struct Variables {
    __m128i abef[Lanes];
    __m128i cdgh[Lanes];
};

LEPTON_TARGET_SHA inline __m128i load(const void* bytes) {
    return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

LEPTON_TARGET_SHA inline __m128i byte_swap_mask() {
    return _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
}

// Splits the chaining value h0…h7 into the two registers the instruction works on.
LEPTON_TARGET_SHA inline void split(const std::uint32_t* state, __m128i& abef, __m128i& cdgh) {
    const __m128i cdab = _mm_shuffle_epi32(load(state), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);
    abef = _mm_alignr_epi8(cdab, efgh, 8);
    cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

// The inverse of split: `low` receives h0…h3, `high` h4…h7.
LEPTON_TARGET_SHA inline void join(__m128i abef, __m128i cdgh, __m128i& low, __m128i& high) {
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    low = _mm_blend_epi16(feba, dchg, 0xf0);
    high = _mm_alignr_epi8(dchg, feba, 8);
}

// Four rounds with the four words (round constants added) in `words`.
LEPTON_TARGET_SHA inline void four_rounds(__m128i& abef, __m128i& cdgh, __m128i words) {
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
}

// Absorbs one block of each message; block i begins at blocks + 64 * i.
template <std::size_t Lanes>
LEPTON_TARGET_SHA inline void absorb(Variables<Lanes>& variables, const std::uint8_t* blocks) {
    const Variables<Lanes> before = variables;
    // words[i]: a ring of the last sixteen schedule words, four to a register.
    __m128i words[Lanes][4];
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
        for (std::size_t i = 0; i < 4; ++i) {
            words[lane][i] = _mm_shuffle_epi8(load(blocks + 64 * lane + 16 * i), byte_swap_mask());
        }
    }
#pragma GCC unroll 16
    for (std::size_t group = 0; group < 16; ++group) {
        const __m128i constants = load(kRoundConstants.data() + 4 * group);
        for (std::size_t lane = 0; lane < Lanes; ++lane) {
            __m128i* ring = words[lane];
            __m128i& current = ring[group % 4];
            if (group >= 4) {
                const __m128i last = ring[(group + 3) % 4];
                const __m128i seven_back = _mm_alignr_epi8(last, ring[(group + 2) % 4], 4);
                const __m128i partial = _mm_sha256msg1_epu32(current, ring[(group + 1) % 4]);
                current = _mm_sha256msg2_epu32(_mm_add_epi32(partial, seven_back), last);
            }
            four_rounds(
                variables.abef[lane], variables.cdgh[lane], _mm_add_epi32(current, constants));
        }
    }
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
        variables.abef[lane] = _mm_add_epi32(variables.abef[lane], before.abef[lane]);
        variables.cdgh[lane] = _mm_add_epi32(variables.cdgh[lane], before.cdgh[lane]);
    }
}

// Absorbs the padding block of a 64-byte message into each message.
template <std::size_t Lanes>
LEPTON_TARGET_SHA inline void absorb_padding(Variables<Lanes>& variables) {
    const Variables<Lanes> before = variables;
#pragma GCC unroll 16
    for (std::size_t group = 0; group < 16; ++group) {
        const __m128i words = load(kPaddingSchedule.data() + 4 * group);
        for (std::size_t lane = 0; lane < Lanes; ++lane) {
            four_rounds(variables.abef[lane], variables.cdgh[lane], words);
        }
    }
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
        variables.abef[lane] = _mm_add_epi32(variables.abef[lane], before.abef[lane]);
        variables.cdgh[lane] = _mm_add_epi32(variables.cdgh[lane], before.cdgh[lane]);
    }
}

LEPTON_TARGET_SHA void compress_sha_ni(State& state,
                                       const std::uint8_t* blocks,
                                       std::size_t count) {
    Variables<1> variables;
    split(state.data(), variables.abef[0], variables.cdgh[0]);
    for (; count > 0; --count, blocks += 64) absorb(variables, blocks);
    __m128i low, high;
    join(variables.abef[0], variables.cdgh[0], low, high);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), high);
}

template <std::size_t Lanes>
LEPTON_TARGET_SHA inline void hash_lanes(const std::uint8_t* blocks, std::uint8_t* digests) {
    Variables<Lanes> variables;
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
        split(kInitialState.data(), variables.abef[lane], variables.cdgh[lane]);
    }
    absorb(variables, blocks);
    absorb_padding(variables);
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
        __m128i low, high;
        join(variables.abef[lane], variables.cdgh[lane], low, high);
        auto* out = reinterpret_cast<__m128i*>(digests + 32 * lane);
        _mm_storeu_si128(out, _mm_shuffle_epi8(low, byte_swap_mask()));
        _mm_storeu_si128(out + 1, _mm_shuffle_epi8(high, byte_swap_mask()));
    }
}

LEPTON_TARGET_SHA void hash_64_sha_ni(const std::uint8_t* blocks,
                                      std::size_t count,
                                      std::uint8_t* digests) {
    for (; count >= 2; count -= 2, blocks += 128, digests += 64) hash_lanes<2>(blocks, digests);
    if (count == 1) hash_lanes<1>(blocks, digests);
}

bool cpu_has_sha() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
    const bool has_ssse3 = (ecx & bit_SSSE3) != 0, has_sse41 = (ecx & bit_SSE4_1) != 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
    return has_ssse3 && has_sse41 && (ebx & bit_SHA) != 0;
}

}  // namespace

const Kernel* sha_ni() {
    static constexpr Kernel kernel{"sha-ni", compress_sha_ni, hash_64_sha_ni};
    static const bool available = cpu_has_sha();
    return available ? &kernel : nullptr;
}

}  // namespace lepton::crypto::sha256_kernels

#else

namespace lepton::crypto::sha256_kernels {

const Kernel* sha_ni() {
    return nullptr;
}

}  // namespace lepton::crypto::sha256_kernels

#endif
