// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The kernels that the hashes of the scheme go through. As all kernels give the same bits, they
// decide nothing but speed. Any thread.
#pragma once

#include "crypto/keccak_kernels.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"

namespace lepton::crypto::xmss {

/// Return the fastest kernels of this processor, or those that a KernelChoice has set.
const poseidon_kernels::Kernel& kernel_in_use();
const keccak_kernels::Kernel& keccak_in_use();

/// For tests and benchmarks: while it lives, all threads use `kernel`, and the Keccak kernel of the
/// same name if there is one. Those that nest end in the opposite order.
class KernelChoice {
  public:
    explicit KernelChoice(const poseidon_kernels::Kernel& kernel);
    ~KernelChoice();
    KernelChoice(const KernelChoice&) = delete;
    KernelChoice& operator=(const KernelChoice&) = delete;

  private:
    const poseidon_kernels::Kernel* previous_;
    const keccak_kernels::Kernel* previous_keccak_;
};

}  // namespace lepton::crypto::xmss
