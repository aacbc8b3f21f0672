// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/keccak.hpp"

#include "base/assert.hpp"
#include "crypto/wipe.hpp"

#include <bit>

namespace lepton::crypto {
namespace {

constexpr std::size_t kRateKeccak256 = 136;
constexpr std::size_t kRateShake128 = 168;

constexpr std::array<std::uint64_t, 24> kRoundConstants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// Step pi walks through all lanes but lane 0 in one cycle; kLanes names them in that order and
// kRotations the distance that step rho turns the lane moved into each of them.
constexpr std::array<std::size_t, 24> kLanes{10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                             15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
constexpr std::array<int, 24> kRotations{1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                         27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

void xor_byte(KeccakState& state, std::size_t position, std::uint8_t byte) {
    state[position / 8] ^= std::uint64_t{byte} << (8 * (position % 8));
}

std::uint8_t byte_at(const KeccakState& state, std::size_t position) {
    return static_cast<std::uint8_t>(state[position / 8] >> (8 * (position % 8)));
}

}  // namespace

void keccak_f1600(KeccakState& state) {
    for (const std::uint64_t round_constant : kRoundConstants) {
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
        for (std::size_t i = 0; i < kLanes.size(); ++i) {
            const std::uint64_t displaced = state[kLanes[i]];
            state[kLanes[i]] = std::rotl(moving, kRotations[i]);
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
