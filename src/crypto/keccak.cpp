// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/keccak.hpp"

#include "base/assert.hpp"
#include "crypto/keccak_kernels.hpp"
#include "crypto/wipe.hpp"

#include <bit>

namespace lepton::crypto {
namespace {

constexpr std::size_t kRateKeccak256 = 136;
constexpr std::size_t kRateShake128 = 168;

void xor_byte(KeccakState& state, std::size_t position, std::uint8_t byte) {
    state[position / 8] ^= std::uint64_t{byte} << (8 * (position % 8));
}

std::uint8_t byte_at(const KeccakState& state, std::size_t position) {
    return static_cast<std::uint8_t>(state[position / 8] >> (8 * (position % 8)));
}

}  // namespace

void keccak_f1600(KeccakState& state) {
    using keccak_kernels::kPath, keccak_kernels::kRotations;
    for (const std::uint64_t round_constant : keccak_kernels::kRoundConstants) {
        // theta: every lane takes the parity of two neighbouring columns.
        std::array<std::uint64_t, 5> parity;
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            parity[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
        }
#pragma GCC unroll 5
        for (std::size_t x = 0; x < 5; ++x) {
            const std::uint64_t mix = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
#pragma GCC unroll 5
            for (std::size_t y = 0; y < 25; y += 5) state[x + y] ^= mix;
        }
        // rho and pi: rotate the lanes and move them around.
        std::uint64_t moving = state[1];
#pragma GCC unroll 24
        for (std::size_t i = 0; i < kPath.size(); ++i) {
            const std::uint64_t displaced = state[kPath[i]];
            state[kPath[i]] = std::rotl(moving, kRotations[i]);
            moving = displaced;
        }
        // chi: the only non-linear step, along each row.
#pragma GCC unroll 5
        for (std::size_t y = 0; y < 25; y += 5) {
            const std::array<std::uint64_t, 5> row{
                state[y], state[y + 1], state[y + 2], state[y + 3], state[y + 4]};
#pragma GCC unroll 5
            for (std::size_t x = 0; x < 5; ++x) {
                state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        // iota
        state[0] ^= round_constant;
    }
}

Bytes32 keccak256(ByteView data) {
    KeccakState state{};
    std::size_t position = 0;
    for (const std::uint8_t byte : data) {
        xor_byte(state, position, byte);
        if (++position == kRateKeccak256) {
            keccak_f1600(state);
            position = 0;
        }
    }
    xor_byte(state, position, 0x01);
    xor_byte(state, kRateKeccak256 - 1, 0x80);
    keccak_f1600(state);

    Bytes32 digest;
    for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = byte_at(state, i);
    return digest;
}

void shake128(ByteView input, MutableByteView out) {
    Shake128 shake;
    shake.absorb(input);
    shake.squeeze(out);
}

Shake128::~Shake128() {
    wipe(state_);
}

void Shake128::absorb(ByteView data) {
    LEPTON_ASSERT(!is_squeezing_, "absorb after squeeze");
    for (const std::uint8_t byte : data) {
        xor_byte(state_, position_, byte);
        if (++position_ == kRateShake128) {
            keccak_f1600(state_);
            position_ = 0;
        }
    }
}

void Shake128::squeeze(MutableByteView out) {
    if (!is_squeezing_) {
        xor_byte(state_, position_, 0x1f);
        xor_byte(state_, kRateShake128 - 1, 0x80);
        keccak_f1600(state_);
        position_ = 0;
        is_squeezing_ = true;
    }
    for (std::uint8_t& byte : out) {
        if (position_ == kRateShake128) {
            keccak_f1600(state_);
            position_ = 0;
        }
        byte = byte_at(state_, position_++);
    }
}

}  // namespace lepton::crypto
