// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What of this processor the hashes of the signature scheme use, for the log and `lepton check`.
// Any thread.
#pragma once

#include <string_view>

namespace lepton::crypto {

/// "avx512", "avx2" or "portable", each.
struct KernelNames {
    std::string_view poseidon;
    std::string_view keccak;
};
KernelNames kernel_names();

}  // namespace lepton::crypto
