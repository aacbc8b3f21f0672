// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/kernel_in_use.hpp"

#include <atomic>

namespace lepton::crypto::xmss {
namespace {

// Null: the fastest. Kernels are constants, so the order of other memory does not matter.
constinit std::atomic<const poseidon_kernels::Kernel*> chosen{nullptr};

}  // namespace

const poseidon_kernels::Kernel& kernel_in_use() {
    const auto* kernel = chosen.load(std::memory_order_relaxed);
    return kernel != nullptr ? *kernel : poseidon_kernels::best();
}

KernelChoice::KernelChoice(const poseidon_kernels::Kernel& kernel)
    : previous_(chosen.exchange(&kernel)) {}

KernelChoice::~KernelChoice() {
    chosen.store(previous_);
}

}  // namespace lepton::crypto::xmss
