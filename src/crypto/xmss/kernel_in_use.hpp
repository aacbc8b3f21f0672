// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Poseidon kernel that the hashes of the scheme go through. As all kernels give the same bits,
// it decides nothing but speed. Any thread.
#pragma once

#include "crypto/xmss/poseidon_kernels.hpp"

namespace lepton::crypto::xmss {

/// Returns the fastest kernel of this processor, or the one that a KernelChoice has set.
const poseidon_kernels::Kernel& kernel_in_use();

/// For tests and benchmarks: while it lives, all threads use `kernel`. Those that nest end in the
/// opposite order.
class KernelChoice {
  public:
    explicit KernelChoice(const poseidon_kernels::Kernel& kernel);
    ~KernelChoice();
    KernelChoice(const KernelChoice&) = delete;
    KernelChoice& operator=(const KernelChoice&) = delete;

  private:
    const poseidon_kernels::Kernel* previous_;
};

}  // namespace lepton::crypto::xmss
