// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon kernel with AVX2.
#include "crypto/xmss/poseidon_kernels.hpp"

#if defined(__x86_64__)

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

// The processor and the operating system have all that this file is compiled for.
bool is_supported() {
    return __builtin_cpu_supports("avx2") != 0;
}

}  // namespace

const Kernel* avx2() {
    static const Kernel kernel{"avx2",
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

const Kernel* avx2() {
    return nullptr;
}

}  // namespace lepton::crypto::xmss::poseidon_kernels

#endif
