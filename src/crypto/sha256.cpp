// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/sha256.hpp"

#include "crypto/sha256_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lepton::crypto {
namespace sha256_kernels {

constexpr std::array<std::uint32_t, 64> kRoundConstants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

namespace {

constexpr std::size_t kBlockSize = 64;

std::uint32_t load_be(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

void store_be(std::uint8_t* bytes, std::uint32_t word) {
    bytes[0] = static_cast<std::uint8_t>(word >> 24);
    bytes[1] = static_cast<std::uint8_t>(word >> 16);
    bytes[2] = static_cast<std::uint8_t>(word >> 8);
    bytes[3] = static_cast<std::uint8_t>(word);
}

// Extends the 16 message words in front of `schedule` to 64 and adds the round constants.
constexpr void expand(std::array<std::uint32_t, 64>& schedule) {
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t w15 = schedule[i - 15], w2 = schedule[i - 2];
        const std::uint32_t s0 = std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3);
        const std::uint32_t s1 = std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10);
        schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
    }
    for (std::size_t i = 0; i < 64; ++i) schedule[i] += kRoundConstants[i];
}

void run_rounds(State& state, const std::array<std::uint32_t, 64>& schedule) {
    auto [a, b, c, d, e, f, g, h] = state;
    for (const std::uint32_t word : schedule) {
        const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + word;
        const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const State next{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i) state[i] += next[i];
}

void compress_portable(State& state, const std::uint8_t* blocks, std::size_t count) {
    std::array<std::uint32_t, 64> schedule;
    for (; count > 0; --count, blocks += kBlockSize) {
        for (std::size_t i = 0; i < 16; ++i) schedule[i] = load_be(blocks + 4 * i);
        expand(schedule);
        run_rounds(state, schedule);
    }
}

void hash_64_portable(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digests) {
    for (std::size_t block = 0; block < count; ++block) {
        State state = kInitialState;
        compress_portable(state, blocks + kBlockSize * block, 1);
        run_rounds(state, kPaddingSchedule);
        for (std::size_t i = 0; i < state.size(); ++i) {
            store_be(digests + 32 * block + 4 * i, state[i]);
        }
    }
}

constexpr std::array<std::uint32_t, 64> padding_schedule() {
    std::array<std::uint32_t, 64> schedule{};
    schedule[0] = 0x80000000;
    schedule[15] = 8 * kBlockSize;
    expand(schedule);
    return schedule;
}

}  // namespace

constexpr std::array<std::uint32_t, 64> kPaddingSchedule = padding_schedule();

const Kernel& portable() {
    static constexpr Kernel kernel{"portable", compress_portable, hash_64_portable};
    return kernel;
}

}  // namespace sha256_kernels

namespace {

const sha256_kernels::Kernel& best_kernel() {
    static const sha256_kernels::Kernel& kernel =
        sha256_kernels::sha_ni() ? *sha256_kernels::sha_ni() : sha256_kernels::portable();
    return kernel;
}

}  // namespace

bool has_sha_instructions() {
    return sha256_kernels::sha_ni() != nullptr;
}

Bytes32 sha256(ByteView data) {
    Sha256 hash;
    hash.update(data);
    return hash.finish();
}

void sha256_64(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digests) {
    best_kernel().hash_64(blocks, count, digests);
}

Sha256::Sha256() : state_(sha256_kernels::kInitialState) {}

void Sha256::update(ByteView data) {
    length_ += data.size();
    if (pending_size_ > 0) {
        const std::size_t taken = std::min(data.size(), pending_.size() - pending_size_);
        std::copy_n(data.data(), taken, pending_.data() + pending_size_);
        pending_size_ += taken;
        data = data.subspan(taken);
        if (pending_size_ < pending_.size()) return;
        best_kernel().compress(state_, pending_.data(), 1);
        pending_size_ = 0;
    }
    const std::size_t blocks = data.size() / pending_.size();
    best_kernel().compress(state_, data.data(), blocks);
    data = data.subspan(blocks * pending_.size());
    std::ranges::copy(data, pending_.begin());
    pending_size_ = data.size();
}

Bytes32 Sha256::finish() {
    const std::uint64_t bits = 8 * length_;
    // 0x80, zeros, and the length in the last 8 bytes of a block.
    std::array<std::uint8_t, 72> padding{0x80};
    const std::size_t zeros_end = (pending_size_ < 56 ? 56 : 120) - pending_size_;
    for (std::size_t i = 0; i < 8; ++i) {
        padding[zeros_end + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    }
    update(ByteView{padding}.first(zeros_end + 8));

    Bytes32 digest;
    for (std::size_t i = 0; i < state_.size(); ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
            digest[4 * i + j] = static_cast<std::uint8_t>(state_[i] >> (24 - 8 * j));
        }
    }
    *this = Sha256{};
    return digest;
}

}  // namespace lepton::crypto
