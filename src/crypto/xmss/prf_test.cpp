// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/prf.hpp"

#include "base/random.hpp"
#include "crypto/keccak.hpp"
#include "crypto/xmss/each_kernel.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

void append_big_endian(Bytes& out, std::uint64_t number, std::size_t size) {
    while (size-- > 0) out.push_back(static_cast<std::uint8_t>(number >> (8 * size)));
}

// Domain, use, key and slot, as the specification writes them.
Bytes head(std::uint8_t use, const Bytes32& key, std::uint32_t slot) {
    Bytes input = from_hex("aeae22ff0001faff21af12000111ff00").value();
    input.push_back(use);
    append(input, key);
    append_big_endian(input, slot, 4);
    return input;
}

// Element `i` of the output for `input`.
Fp output_element(const Bytes& input, std::size_t i) {
    Bytes output(16 * (i + 1));
    shake128(input, output);
    std::uint64_t rest = 0;
    for (const std::uint8_t byte : ByteView{output}.last(16)) rest = (rest << 8 | byte) % kPrime;
    return static_cast<Fp>(rest);
}

class PrfTest : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(PrfTest);

TEST_P(PrfTest, chain_starts_are_shake_of_key_slot_and_chain) {
    SeededRandom random{1};
    Bytes32 key;
    random.fill(key);
    const Prf prf{key};
    std::array<Prf::ChainPlace, kLanes> places;
    for (Prf::ChainPlace& place : places) {
        place = {static_cast<std::uint32_t>(random.next_u64()),
                 static_cast<std::uint8_t>(random.below(256))};
    }
    Lanes<8> starts;
    prf.chain_starts(places, starts);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        Bytes input = head(0, key, places[lane].slot);
        append_big_endian(input, places[lane].chain, 8);
        for (std::size_t i = 0; i < 8; ++i) {
            EXPECT_EQ(starts.rows[i][lane], output_element(input, i)) << lane << ' ' << i;
        }
    }
}

TEST_P(PrfTest, randomness_is_shake_of_key_slot_message_and_counter) {
    SeededRandom random{2};
    Bytes32 key, message;
    random.fill(key);
    random.fill(message);
    const Prf prf{key};
    for (const std::uint64_t first :
         {std::uint64_t{0}, std::uint64_t{250}, std::uint64_t{65'530}}) {
        Lanes<7> rhos;
        prf.rhos(0x01020304, message, first, rhos);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            Bytes input = head(1, key, 0x01020304);
            append(input, message);
            append_big_endian(input, first + lane, 8);
            for (std::size_t i = 0; i < 7; ++i) {
                EXPECT_EQ(rhos.rows[i][lane], output_element(input, i)) << lane << ' ' << i;
            }
        }
    }
}

}  // namespace
}  // namespace lepton::crypto::xmss
