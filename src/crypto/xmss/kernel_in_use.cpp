// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/kernel_in_use.hpp"

#include <atomic>

namespace lepton::crypto::xmss {
namespace {

// Null: the fastest. Kernels are constants, so the order of other memory does not matter.
constinit std::atomic<const poseidon_kernels::Kernel*> chosen{nullptr};
constinit std::atomic<const keccak_kernels::Kernel*> chosen_keccak{nullptr};

const keccak_kernels::Kernel* keccak_named(std::string_view name) {
    for (const keccak_kernels::Kernel* kernel : keccak_kernels::available()) {
        if (kernel->name == name) return kernel;
    }
    return nullptr;
}

}  // namespace

const poseidon_kernels::Kernel& kernel_in_use() {
    const auto* kernel = chosen.load(std::memory_order_relaxed);
    return kernel != nullptr ? *kernel : poseidon_kernels::best();
}

const keccak_kernels::Kernel& keccak_in_use() {
    const auto* kernel = chosen_keccak.load(std::memory_order_relaxed);
    return kernel != nullptr ? *kernel : keccak_kernels::best();
}

KernelChoice::KernelChoice(const poseidon_kernels::Kernel& kernel)
    : previous_(chosen.exchange(&kernel)),
      previous_keccak_(chosen_keccak.exchange(keccak_named(kernel.name))) {}

KernelChoice::~KernelChoice() {
    chosen.store(previous_);
    chosen_keccak.store(previous_keccak_);
}

}  // namespace lepton::crypto::xmss
