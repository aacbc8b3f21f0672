// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon kernel with AVX2.
#include "crypto/xmss/poseidon_kernels.hpp"

#if defined(__x86_64__)

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
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#include "crypto/xmss/poseidon_vector.hpp"

#define LEPTON_OPERATION [[gnu::always_inline]] static inline

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

struct Avx2 {
    using Words = __m256i;  // 8 lanes of 32 bits
    using Longs = __m256i;  // 4 lanes of 64 bits
    using Pairs = __m256i;  // 8 lanes of two 16-bit numbers
    static constexpr std::size_t kLanes = 8;
    static constexpr std::size_t kRowsOfLinearLayer = 2;
    static constexpr std::size_t kRowsOfPartialPhase = 2;

    LEPTON_OPERATION Words load(const Fp* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    LEPTON_OPERATION void store(Fp* to, Words a) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a);
    }
    LEPTON_OPERATION Words set(std::int32_t a) { return _mm256_set1_epi32(a); }
    LEPTON_OPERATION Longs set_long(std::int64_t a) { return _mm256_set1_epi64x(a); }
    LEPTON_OPERATION Pairs set_pair(std::int32_t a) { return _mm256_set1_epi32(a); }

    LEPTON_OPERATION Words add(Words a, Words b) { return _mm256_add_epi32(a, b); }
    LEPTON_OPERATION Words subtract(Words a, Words b) { return _mm256_sub_epi32(a, b); }
    LEPTON_OPERATION Words add_unsigned(Words a, Words b) { return _mm256_add_epi32(a, b); }
    LEPTON_OPERATION Words nonnegative(Words a) { return _mm256_min_epu32(a, add(a, prime())); }
    LEPTON_OPERATION Words below_prime(Words a) {
        return _mm256_min_epu32(a, subtract(a, prime()));
    }

    LEPTON_OPERATION Longs multiply(Words a, Words b) { return _mm256_mul_epi32(a, b); }
    LEPTON_OPERATION Longs add_long(Longs a, Longs b) { return _mm256_add_epi64(a, b); }
    LEPTON_OPERATION Longs subtract_long(Longs a, Longs b) { return _mm256_sub_epi64(a, b); }
    LEPTON_OPERATION Words odd(Words a) { return _mm256_srli_epi64(a, 32); }
    LEPTON_OPERATION Words high(Longs a) { return _mm256_srli_epi64(a, 32); }
    LEPTON_OPERATION Words low(Longs a) { return a; }
    LEPTON_OPERATION Longs low_part(Longs a) {
        return _mm256_blend_epi32(a, _mm256_setzero_si256(), 0xaa);
    }
    LEPTON_OPERATION Words merge_high(Longs even, Longs odd) {
        return _mm256_blend_epi32(high(even), odd, 0xaa);
    }

    LEPTON_OPERATION Pairs low_pair(Words a, Words b) {
        return _mm256_blend_epi16(a, _mm256_slli_epi32(b, 16), 0xaa);
    }
    LEPTON_OPERATION Pairs high_pair(Words a, Words b) {
        return _mm256_blend_epi16(_mm256_srli_epi32(a, 16), b, 0xaa);
    }
    LEPTON_OPERATION Pairs flip(Pairs a) {
        return _mm256_xor_si256(a, _mm256_set1_epi32(static_cast<std::int32_t>(0x80008000)));
    }
    LEPTON_OPERATION Pairs split(Words a) { return _mm256_xor_si256(a, _mm256_set1_epi32(0x8000)); }
    LEPTON_OPERATION Words multiply_add(Words sum, Pairs a, Pairs b) {
        return add(sum, _mm256_madd_epi16(a, b));
    }

    LEPTON_OPERATION void expect_within(Words, std::int64_t) {}
    LEPTON_OPERATION void expect_half_within(Words, std::int64_t) {}

  private:
    LEPTON_OPERATION Words prime() { return _mm256_set1_epi32(kPrime); }
};

void permute24_one(std::array<Fp, 24>& state) {
    portable().permute24_one(state);
}

// The processor and the operating system have all that this file is compiled for.
bool is_supported() {
    return __builtin_cpu_supports("avx2") != 0;
}

}  // namespace
}  // namespace lepton::crypto::xmss::poseidon_kernels

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace lepton::crypto::xmss::poseidon_kernels {

const Kernel* avx2() {
    static constexpr Kernel kernel{"avx2",
                                   VectorKernel<Avx2, 16>::permute,
                                   VectorKernel<Avx2, 24>::permute,
                                   VectorKernel<Avx2, 16>::compress,
                                   VectorKernel<Avx2, 24>::compress,
                                   permute24_one};
    static const bool supported = is_supported();
    return supported ? &kernel : nullptr;
}

}  // namespace lepton::crypto::xmss::poseidon_kernels

#else

namespace lepton::crypto::xmss::poseidon_kernels {

const Kernel* avx2() {
    return nullptr;
}

}  // namespace lepton::crypto::xmss::poseidon_kernels

#endif
