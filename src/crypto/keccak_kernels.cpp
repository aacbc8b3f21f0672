// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/keccak_kernels.hpp"

#include "crypto/keccak.hpp"
#include "crypto/wipe.hpp"

#include <vector>

namespace lepton::crypto::keccak_kernels {
namespace {

void permute_portable(States& states) {
    KeccakState state;
    const WipeGuard guard{state};
    for (std::size_t n = 0; n < kStates; ++n) {
        for (std::size_t i = 0; i < state.size(); ++i) state[i] = states.words[i][n];
        keccak_f1600(state);
        for (std::size_t i = 0; i < state.size(); ++i) states.words[i][n] = state[i];
    }
}

}  // namespace

const Kernel& portable() {
    static constexpr Kernel kernel{"portable", permute_portable};
    return kernel;
}

std::span<const Kernel* const> available() {
    static const std::vector<const Kernel*> kernels = [] {
        std::vector<const Kernel*> found{avx512(), avx2(), &portable()};
        std::erase(found, nullptr);
        return found;
    }();
    return kernels;
}

const Kernel& best() {
    return *available().front();
}

}  // namespace lepton::crypto::keccak_kernels
