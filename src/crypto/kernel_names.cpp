// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/kernel_names.hpp"

#include "crypto/xmss/kernel_in_use.hpp"

namespace lepton::crypto {

KernelNames kernel_names() {
    return {.poseidon = xmss::kernel_in_use().name, .keccak = xmss::keccak_in_use().name};
}

}  // namespace lepton::crypto
