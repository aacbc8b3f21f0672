// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: running a test with each kernel that this processor has. Any thread.
#pragma once

#include "crypto/xmss/kernel_in_use.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lepton::crypto::xmss {

/// A fixture whose tests run once with each kernel; list it in LEPTON_WITH_EACH_KERNEL.
class EachKernel : public testing::TestWithParam<const poseidon_kernels::Kernel*> {
    const KernelChoice choice_{*GetParam()};
};

}  // namespace lepton::crypto::xmss

#define LEPTON_WITH_EACH_KERNEL(fixture)                                              \
    INSTANTIATE_TEST_SUITE_P(Kernels,                                                 \
                             fixture,                                                 \
                             testing::ValuesIn(poseidon_kernels::available().begin(), \
                                               poseidon_kernels::available().end()),  \
                             [](const auto& each) { return std::string{each.param->name}; })
