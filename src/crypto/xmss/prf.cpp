// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// SHAKE128 of domain, use, key, slot and either chain or message and counter, numbers big-endian.
// Input and output fit one block each, so a value is one Keccak permutation of a state that only
// differs from its neighbours' in the words that have the slot and the last number.
#include "crypto/xmss/prf.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/kernel_in_use.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lepton::crypto::xmss {
namespace {

constexpr std::array<std::uint8_t, 16> kDomain{
    0xae, 0xae, 0x22, 0xff, 0x00, 0x01, 0xfa, 0xff, 0x21, 0xaf, 0x12, 0x00, 0x01, 0x11, 0xff, 0x00};
constexpr std::uint8_t kChainStart = 0;
constexpr std::uint8_t kRandomness = 1;

constexpr std::size_t kWords = 21;  // a block of SHAKE128: 168 bytes
constexpr std::size_t kBlockSize = 8 * kWords;
constexpr std::uint8_t kPaddingBegin = 0x1f, kPaddingEnd = 0x80;

constexpr bool kIsLittleEndian = std::endian::native == std::endian::little;
std::uint32_t big_endian(std::uint32_t number) {
    return kIsLittleEndian ? __builtin_bswap32(number) : number;
}
std::uint64_t big_endian(std::uint64_t number) {
    return kIsLittleEndian ? __builtin_bswap64(number) : number;
}

// The padded input; written from the front.
class Block {
  public:
    Block(std::uint8_t use, const Bytes32& key) {
        write(kDomain);
        write({&use, 1});
        write(key);
        bytes_[kBlockSize - 1] = kPaddingEnd;
    }
    ~Block() { wipe(bytes_); }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    std::size_t size() const { return size_; }
    void write(ByteView part) {
        LEPTON_ASSERT(size_ + part.size() < kBlockSize);
        std::ranges::copy(part, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += part.size();
        bytes_[size_] = kPaddingBegin;
    }
    void write(std::uint32_t number) {
        write(std::bit_cast<std::array<std::uint8_t, 4>>(big_endian(number)));
    }
    void write(std::uint64_t number) {
        write(std::bit_cast<std::array<std::uint8_t, 8>>(big_endian(number)));
    }
    // Goes back to where size() was `size`, to write other parts of the same length.
    void rewind(std::size_t size) { size_ = size; }

    std::uint64_t word(std::size_t i) const {
        std::uint64_t word;
        std::memcpy(&word, bytes_.data() + 8 * i, sizeof word);
        return kIsLittleEndian ? word : __builtin_bswap64(word);
    }

  private:
    std::array<std::uint8_t, kBlockSize> bytes_{};
    std::size_t size_ = 0;
};

// Fills out[begin], out[begin + 1], … of every row with the values of the keccak_kernels::kStates
// blocks that write_tail(block, i) completes.
template <std::size_t Rows, class WriteTail>
void squeeze_states(Block& block, WriteTail write_tail, std::size_t begin, Lanes<Rows>& out) {
    keccak_kernels::States states;
    const WipeGuard guard{states.words};
    for (std::size_t word = 0; word < states.words.size(); ++word) {
        states.words[word].fill(word < kWords ? block.word(word) : 0);
    }
    const std::size_t head = block.size();
    for (std::size_t i = 0; i < keccak_kernels::kStates; ++i) {
        block.rewind(head);
        write_tail(block, begin + i);
        for (std::size_t word = head / 8; word <= block.size() / 8; ++word) {
            states.words[word][i] = block.word(word);
        }
    }
    block.rewind(head);
    keccak_in_use().permute(states);
    static_assert(2 * Rows <= kWords);
    for (std::size_t row = 0; row < Rows; ++row) {
        // 16 bytes each, so that the bias is below 2^-96.
        const auto& high = states.words[2 * row];
        const auto& low = states.words[2 * row + 1];
        for (std::size_t i = 0; i < keccak_kernels::kStates; ++i) {
            out.rows[row][begin + i] =
                reduce(__builtin_bswap64(high[i]), __builtin_bswap64(low[i]));
        }
    }
}

template <std::size_t Rows, class WriteTail>
void squeeze(Block& block, WriteTail write_tail, Lanes<Rows>& out) {
    static_assert(kLanes % keccak_kernels::kStates == 0);
    for (std::size_t begin = 0; begin < kLanes; begin += keccak_kernels::kStates) {
        squeeze_states(block, write_tail, begin, out);
    }
}

}  // namespace

void Prf::chain_starts(const std::array<ChainPlace, kLanes>& places, Lanes<8>& starts) const {
    Block block{kChainStart, key_};
    squeeze(
        block,
        [&](Block& to, std::size_t lane) {
            to.write(places[lane].slot);
            to.write(std::uint64_t{places[lane].chain});
        },
        starts);
}

void Prf::rhos(std::uint32_t slot,
               const Bytes32& message,
               std::uint64_t first_counter,
               Lanes<7>& rhos) const {
    Block block{kRandomness, key_};
    block.write(slot);
    block.write(message);
    squeeze(block, [&](Block& to, std::size_t lane) { to.write(first_counter + lane); }, rhos);
}

}  // namespace lepton::crypto::xmss
