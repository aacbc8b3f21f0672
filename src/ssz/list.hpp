// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Variable-size SSZ types: a vector whose limit the codec and the merkleizer know. The limit is
// enforced when decoding; code that appends keeps it by its own rules. Values; any thread.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <vector>

namespace lepton::ssz {

/// List[T, Limit].
template <class T, std::uint64_t Limit>
class List : public std::vector<T> {
  public:
    static constexpr std::uint64_t kLimit = Limit;
    using std::vector<T>::vector;
};

/// ByteList[Limit].
template <std::uint64_t Limit>
class ByteList : public Bytes {
  public:
    static constexpr std::uint64_t kLimit = Limit;
    using Bytes::vector;
    explicit ByteList(Bytes bytes) : Bytes(std::move(bytes)) {}
};

}  // namespace lepton::ssz
