// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The numbers that define the permutation: the first row of the linear layer, and the generator of
// the round constants. Source: Plonky3 koala-bear/src/poseidon1.rs; leanSpec
// crypto/poseidon.py.
#include "crypto/xmss/poseidon.hpp"

#include <deque>

namespace lepton::crypto::xmss {
namespace {

constexpr std::array<Fp, 16> kRow16{1, 1, 51, 1, 11, 17, 2, 1, 101, 63, 15, 2, 67, 22, 13, 3};
constexpr std::array<Fp, 24> kRow24{
    755673771,  1686439191, 401954077, 82624181,   1838262485, 1617965094, 416740298,  1922433447,
    2009967074, 1007636536, 651504225, 56639581,   1761374664, 613787421,  1566027714, 378133912,
    1009532350, 203676737,  86296562,  1810161513, 175003436,  1551339770, 400627958,  142123135};

// The 80-bit shift register. Its first content describes the permutation; of its output bits, taken
// in pairs, the second counts when the first is 1.
class Grain {
  public:
    Grain(std::size_t width, std::size_t full_rounds, std::size_t partial_rounds) {
        fill(1, 2);  // a prime field
        fill(0, 4);  // S-box x^alpha
        fill(kBits, 12);
        fill(width, 12);
        fill(full_rounds, 10);
        fill(partial_rounds, 10);
        fill((1u << 30) - 1, 30);
        for (int i = 0; i < 160; ++i) step();
    }

    /// Returns the next kBits bits as a number, highest bit first, skipping those not below p.
    Fp next_element() {
        while (true) {
            std::uint32_t number = 0;
            for (int i = 0; i < kBits; ++i) number = number << 1 | std::uint32_t{next_bit()};
            if (number < kPrime) return number;
        }
    }

  private:
    static constexpr int kBits = 31;

    void fill(std::size_t value, int bits) {
        for (int i = bits; i-- > 0;) register_.push_back((value >> i & 1) != 0);
    }

    bool step() {
        const auto& bit = register_;
        const bool next = bit[62] ^ bit[51] ^ bit[38] ^ bit[23] ^ bit[13] ^ bit[0];
        register_.pop_front();
        register_.push_back(next);
        return next;
    }

    bool next_bit() {
        while (!step()) step();
        return step();
    }

    std::deque<bool> register_;
};

}  // namespace

template <std::size_t Width>
std::vector<Fp> round_constants() {
    constexpr std::size_t kFull = 2 * kHalfFullRounds, kPartial = kPartialRounds<Width>;
    Grain grain{Width, kFull, kPartial};
    std::vector<Fp> constants((kFull + kPartial) * Width);
    for (Fp& constant : constants) constant = grain.next_element();
    return constants;
}

template <std::size_t Width>
Fp linear_layer(std::size_t row, std::size_t column) {
    const std::size_t place = (column + Width - row) % Width;
    if constexpr (Width == 16)
        return kRow16[place];
    else
        return kRow24[place];
}

template std::vector<Fp> round_constants<16>();
template std::vector<Fp> round_constants<24>();
template Fp linear_layer<16>(std::size_t, std::size_t);
template Fp linear_layer<24>(std::size_t, std::size_t);

}  // namespace lepton::crypto::xmss
