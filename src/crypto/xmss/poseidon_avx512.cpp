// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon kernel with AVX-512.
#include "crypto/xmss/poseidon_kernels.hpp"

#if defined(__x86_64__)

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

// The processor and the operating system have all that this file is compiled for.
bool is_supported() {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512vnni") != 0;
}

}  // namespace

const Kernel* avx512() {
    static const Kernel kernel{"avx512",
                               portable().permute16,
                               portable().permute24,
                               portable().compress16,
                               portable().compress24,
                               portable().permute24_one};
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
