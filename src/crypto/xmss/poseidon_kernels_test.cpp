// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon_kernels.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

TEST(PoseidonKernels, agree_with_the_portable_one) {
    SeededRandom random{1};
    for (int n = 0; n < 500; ++n) {
        Lanes<16> narrow;
        Lanes<24> wide;
        for (LaneRow& row : narrow.rows) {
            for (Fp& element : row) element = static_cast<Fp>(random.below(kPrime));
        }
        for (LaneRow& row : wide.rows) {
            for (Fp& element : row) element = static_cast<Fp>(random.below(kPrime));
        }
        Lanes<8> expected16, expected24;
        portable().compress16(narrow, expected16);
        portable().compress24(wide, expected24);
        for (const Kernel* kernel : available()) {
            Lanes<8> out;
            kernel->compress16(narrow, out);
            ASSERT_EQ(out.rows, expected16.rows) << kernel->name;
            kernel->compress24(wide, out);
            ASSERT_EQ(out.rows, expected24.rows) << kernel->name;
        }
    }
}

}  // namespace
}  // namespace lepton::crypto::xmss::poseidon_kernels
