// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Bitlist[Limit]: a sequence of bits with a length. Values; any thread.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace lepton::ssz {

/// The bits themselves, 64 to a word, low bit first; bits at and above size() are zero. Independent
/// of any limit, so that code that works on bits is written once.
class Bits {
  public:
    Bits() = default;
    /// `size` zero bits.
    explicit Bits(std::size_t size) : size_(size), words_((size + 63) / 64) {}

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool operator[](std::size_t index) const {
        LEPTON_ASSERT(index < size_);
        return (words_[index / 64] >> (index % 64) & 1) != 0;
    }
    void set(std::size_t index, bool value = true) {
        LEPTON_ASSERT(index < size_);
        const std::uint64_t mask = std::uint64_t{1} << (index % 64);
        words_[index / 64] = value ? words_[index / 64] | mask : words_[index / 64] & ~mask;
    }
    void push_back(bool value) {
        resize(size_ + 1);
        if (value) set(size_ - 1);
    }
    /// Grows with zero bits or cuts at the end.
    void resize(std::size_t size) {
        words_.resize((size + 63) / 64);
        size_ = size;
        if (size % 64 != 0) words_.back() &= (std::uint64_t{1} << (size % 64)) - 1;
    }
    /// Removes the first `count` bits.
    void drop_front(std::size_t count) {
        LEPTON_ASSERT(count <= size_);
        Bits rest(size_ - count);
        for (std::size_t i = 0; i < rest.size_; ++i) {
            if ((*this)[count + i]) rest.set(i);
        }
        *this = std::move(rest);
    }
    /// Returns how many bits are one.
    std::size_t count() const {
        std::size_t ones = 0;
        for (const std::uint64_t word : words_)
            ones += static_cast<std::size_t>(std::popcount(word));
        return ones;
    }
    /// Returns the indices of the bits that are one, ascending.
    std::vector<std::size_t> ones() const {
        std::vector<std::size_t> indices;
        for (std::size_t w = 0; w < words_.size(); ++w) {
            for (std::uint64_t word = words_[w]; word != 0; word &= word - 1) {
                indices.push_back(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
            }
        }
        return indices;
    }
    /// Sets each bit that is one in `other`, growing to its size when that is larger.
    void merge(const Bits& other) {
        if (other.size_ > size_) resize(other.size_);
        for (std::size_t w = 0; w < other.words_.size(); ++w) words_[w] |= other.words_[w];
    }
    /// True when each bit that is one here is one in `other`.
    bool is_subset_of(const Bits& other) const {
        for (std::size_t w = 0; w < words_.size(); ++w) {
            const std::uint64_t theirs = w < other.words_.size() ? other.words_[w] : 0;
            if ((words_[w] & ~theirs) != 0) return false;
        }
        return true;
    }
    const std::vector<std::uint64_t>& words() const { return words_; }

    bool operator==(const Bits&) const = default;
    auto operator<=>(const Bits&) const = default;

  private:
    std::size_t size_ = 0;
    std::vector<std::uint64_t> words_;
};

template <std::uint64_t Limit>
class Bitlist : public Bits {
  public:
    static constexpr std::uint64_t kLimit = Limit;
    using Bits::Bits;
    explicit Bitlist(Bits bits) : Bits(std::move(bits)) {}
};

}  // namespace lepton::ssz
