// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/prf.hpp"

#include "crypto/keccak.hpp"

namespace lepton::crypto::xmss {
namespace {

constexpr std::array<std::uint8_t, 16> kDomain{
    0xae, 0xae, 0x22, 0xff, 0x00, 0x01, 0xfa, 0xff, 0x21, 0xaf, 0x12, 0x00, 0x01, 0x11, 0xff, 0x00};
constexpr std::uint8_t kChainStart = 0;
constexpr std::uint8_t kRandomness = 1;

// The number in big-endian bytes.
template <class Number>
std::array<std::uint8_t, sizeof(Number)> big_endian(Number number) {
    std::array<std::uint8_t, sizeof(Number)> bytes;
    for (std::size_t i = bytes.size(); i-- > 0; number >>= 8) {
        bytes[i] = static_cast<std::uint8_t>(number);
    }
    return bytes;
}

// Fills `elements` from the output: 16 bytes each, so that the bias is below 2^-96.
template <std::size_t Count>
void squeeze_elements(Shake128& shake, std::array<Fp, Count>& elements) {
    std::array<std::uint8_t, 16 * Count> bytes;
    const WipeGuard guard{bytes};
    shake.squeeze(bytes);
    for (std::size_t i = 0; i < Count; ++i) {
        elements[i] =
            reduce_big_endian(std::span<const std::uint8_t, 16>{bytes.data() + 16 * i, 16});
    }
}

Shake128 absorb_head(std::uint8_t use, const Bytes32& key, std::uint32_t slot) {
    Shake128 shake;
    shake.absorb(kDomain);
    shake.absorb({&use, 1});
    shake.absorb(key);
    shake.absorb(big_endian(slot));
    return shake;
}

}  // namespace

Digest Prf::chain_start(std::uint32_t slot, std::uint64_t chain) const {
    Shake128 shake = absorb_head(kChainStart, key_, slot);
    shake.absorb(big_endian(chain));
    Digest start;
    squeeze_elements(shake, start);
    return start;
}

Rho Prf::rho(std::uint32_t slot, const Bytes32& message, std::uint64_t counter) const {
    Shake128 shake = absorb_head(kRandomness, key_, slot);
    shake.absorb(message);
    shake.absorb(big_endian(counter));
    Rho rho;
    squeeze_elements(shake, rho);
    return rho;
}

}  // namespace lepton::crypto::xmss
