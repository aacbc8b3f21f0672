// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon kernel with AVX-512: F, BW, DQ, VL and VNNI, that is, every server processor with
// AVX-512 since 2019 but not the first generation.
#include "crypto/xmss/poseidon_kernels.hpp"

#if defined(__x86_64__)

// g++ 12 takes the undefined operands inside its own intrinsics for uninitialised variables.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "crypto/xmss/poseidon_tables.hpp"
#include "crypto/xmss/poseidon_vector_bounds.hpp"
#include "crypto/xmss/poseidon_vector_tables.hpp"

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>

// Only what stands below may use the instructions: functions of other headers that are compiled
// here may be the ones that the linker keeps for processors without them.
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif

#include "crypto/xmss/poseidon_vector.hpp"

#define LEPTON_OPERATION [[gnu::always_inline]] static inline

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

struct Avx512 {
    using Words = __m512i;  // 16 lanes of 32 bits
    using Longs = __m512i;  // 8 lanes of 64 bits
    using Pairs = __m512i;  // 16 lanes of two 16-bit numbers
    static constexpr std::size_t kLanes = 16;
    static constexpr std::size_t kRowsOfLinearLayer = 3;
    static constexpr std::size_t kRowsOfPartialPhase = 4;

    LEPTON_OPERATION Words load(const Fp* from) { return _mm512_loadu_si512(from); }
    LEPTON_OPERATION void store(Fp* to, Words a) { _mm512_storeu_si512(to, a); }
    LEPTON_OPERATION Words set(std::int32_t a) { return _mm512_set1_epi32(a); }
    LEPTON_OPERATION Longs set_long(std::int64_t a) { return _mm512_set1_epi64(a); }
    LEPTON_OPERATION Pairs set_pair(std::int32_t a) { return _mm512_set1_epi32(a); }

    LEPTON_OPERATION Words add(Words a, Words b) { return _mm512_add_epi32(a, b); }
    LEPTON_OPERATION Words subtract(Words a, Words b) { return _mm512_sub_epi32(a, b); }
    LEPTON_OPERATION Words add_unsigned(Words a, Words b) { return _mm512_add_epi32(a, b); }
    LEPTON_OPERATION Words nonnegative(Words a) { return _mm512_min_epu32(a, add(a, prime())); }
    LEPTON_OPERATION Words below_prime(Words a) {
        return _mm512_min_epu32(a, subtract(a, prime()));
    }

    LEPTON_OPERATION Longs multiply(Words a, Words b) { return _mm512_mul_epi32(a, b); }
    LEPTON_OPERATION Longs add_long(Longs a, Longs b) { return _mm512_add_epi64(a, b); }
    LEPTON_OPERATION Longs subtract_long(Longs a, Longs b) { return _mm512_sub_epi64(a, b); }
    LEPTON_OPERATION Words odd(Words a) { return _mm512_srli_epi64(a, 32); }
    LEPTON_OPERATION Words high(Longs a) { return _mm512_srli_epi64(a, 32); }
    LEPTON_OPERATION Words low(Longs a) { return a; }
    LEPTON_OPERATION Longs low_part(Longs a) {
        return _mm512_and_si512(a, _mm512_set1_epi64(0xffffffff));
    }
    LEPTON_OPERATION Words merge_high(Longs even, Longs odd) {
        return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
    }

    LEPTON_OPERATION Pairs low_pair(Words a, Words b) {
        return _mm512_mask_shuffle_epi8(a, 0xcccccccccccccccc, b, swapped());
    }
    LEPTON_OPERATION Pairs high_pair(Words a, Words b) {
        return _mm512_mask_shuffle_epi8(b, 0x3333333333333333, a, swapped());
    }
    LEPTON_OPERATION Pairs flip(Pairs a) {
        return _mm512_xor_si512(a, _mm512_set1_epi32(static_cast<std::int32_t>(0x80008000)));
    }
    LEPTON_OPERATION Pairs split(Words a) { return _mm512_xor_si512(a, _mm512_set1_epi32(0x8000)); }
    LEPTON_OPERATION Words multiply_add(Words sum, Pairs a, Pairs b) {
        return _mm512_dpwssd_epi32(sum, a, b);
    }

    LEPTON_OPERATION void expect_within(Words, std::int64_t) {}
    LEPTON_OPERATION void expect_half_within(Words, std::int64_t) {}

  private:
    LEPTON_OPERATION Words prime() { return _mm512_set1_epi32(kPrime); }
    // Exchanges the 16-bit halves of each word.
    LEPTON_OPERATION __m512i swapped() {
        return _mm512_set4_epi32(0x0d0c0f0e, 0x09080b0a, 0x05040706, 0x01000302);
    }
};

void permute24_one(std::array<Fp, 24>& state) {
    portable().permute24_one(state);
}

// The processor and the operating system have all that this file is compiled for.
bool is_supported() {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace
}  // namespace lepton::crypto::xmss::poseidon_kernels

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace lepton::crypto::xmss::poseidon_kernels {

const Kernel* avx512() {
    static constexpr Kernel kernel{"avx512",
                                   VectorKernel<Avx512, 16>::permute,
                                   VectorKernel<Avx512, 24>::permute,
                                   VectorKernel<Avx512, 16>::compress,
                                   VectorKernel<Avx512, 24>::compress,
                                   permute24_one};
    static const bool supported = is_supported();
    return supported ? &kernel : nullptr;
}

}  // namespace lepton::crypto::xmss::poseidon_kernels

#else

namespace lepton::crypto::xmss::poseidon_kernels {

const Kernel* avx512() {
    return nullptr;
}

}  // namespace lepton::crypto::xmss::poseidon_kernels

#endif
