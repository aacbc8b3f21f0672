// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/kernel_in_use.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

TEST(KernelInUse, is_the_fastest_unless_another_is_chosen) {
    EXPECT_EQ(&kernel_in_use(), &poseidon_kernels::best());
    EXPECT_EQ(&keccak_in_use(), &keccak_kernels::best());
    {
        poseidon_kernels::Kernel other = poseidon_kernels::portable();
        other.name = "other";
        const KernelChoice choice{other};
        EXPECT_EQ(&kernel_in_use(), &other);
        EXPECT_EQ(&keccak_in_use(), &keccak_kernels::best());
        {
            const KernelChoice inner{poseidon_kernels::portable()};
            EXPECT_EQ(&kernel_in_use(), &poseidon_kernels::portable());
            EXPECT_EQ(&keccak_in_use(), &keccak_kernels::portable());
        }
        EXPECT_EQ(&kernel_in_use(), &other);
        EXPECT_EQ(&keccak_in_use(), &keccak_kernels::best());
    }
    EXPECT_EQ(&kernel_in_use(), &poseidon_kernels::best());
}

}  // namespace
}  // namespace lepton::crypto::xmss
