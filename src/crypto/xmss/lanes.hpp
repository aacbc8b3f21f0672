// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Hash states of width 24 in two forms, so that a hash is written once for both: kLanes states side
// by side, which costs the least per state, and one alone, which is done the soonest. Values; any
// thread.
#pragma once

#include "crypto/xmss/kernel_in_use.hpp"
#include "crypto/xmss/parameters.hpp"

#include <algorithm>

namespace lepton::crypto::xmss {

/// One state.
struct Alone {
    static constexpr std::size_t kCount = 1;
    template <std::size_t Rows>
    using Elements = std::array<Fp, Rows>;
};

/// kLanes states. Where there are fewer, the other lanes hold copies.
struct SideBySide {
    static constexpr std::size_t kCount = kLanes;
    template <std::size_t Rows>
    using Elements = Lanes<Rows>;
};

/// Returns element `row` of the state in `lane`.
template <std::size_t Rows>
Fp& element(std::array<Fp, Rows>& state, std::size_t row, std::size_t /*lane*/) {
    return state[row];
}
template <std::size_t Rows>
Fp element(const std::array<Fp, Rows>& state, std::size_t row, std::size_t /*lane*/) {
    return state[row];
}
template <std::size_t Rows>
Fp& element(Lanes<Rows>& states, std::size_t row, std::size_t lane) {
    return states.rows[row][lane];
}
template <std::size_t Rows>
Fp element(const Lanes<Rows>& states, std::size_t row, std::size_t lane) {
    return states.rows[row][lane];
}

/// Returns the array of rows: of a state alone, its elements.
template <std::size_t Rows>
std::array<Fp, Rows>& rows_of(std::array<Fp, Rows>& state) {
    return state;
}
template <std::size_t Rows>
const std::array<Fp, Rows>& rows_of(const std::array<Fp, Rows>& state) {
    return state;
}
template <std::size_t Rows>
std::array<LaneRow, Rows>& rows_of(Lanes<Rows>& states) {
    return states.rows;
}
template <std::size_t Rows>
const std::array<LaneRow, Rows>& rows_of(const Lanes<Rows>& states) {
    return states.rows;
}

/// Replaces each state by its permutation.
inline void permute(std::array<Fp, 24>& state) {
    kernel_in_use().permute24_one(state);
}
inline void permute(Lanes<24>& states) {
    kernel_in_use().permute24(states);
}

/// Writes the first eight elements of permutation plus input.
inline void compress(const std::array<Fp, 24>& in, std::array<Fp, 8>& out) {
    std::array<Fp, 24> state = in;
    kernel_in_use().permute24_one(state);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = add(state[i], in[i]);
}
inline void compress(const Lanes<24>& in, Lanes<8>& out) {
    kernel_in_use().compress24(in, out);
}

/// Copies the elements of `parts`, one after the other, into the front of the state in `lane`.
template <class States, class... Parts>
void write_lane(States& states, std::size_t lane, const Parts&... parts) {
    std::size_t begin = 0;
    const auto write = [&]<std::size_t Count>(const std::array<Fp, Count>& part) {
#pragma GCC unroll 16
        for (std::size_t i = 0; i < Count; ++i) element(states, begin + i, lane) = part[i];
        begin += Count;
    };
    (write(parts), ...);
}

/// Returns the digest in `lane`.
template <class Digests>
Digest digest_of(const Digests& digests, std::size_t lane) {
    Digest digest;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = element(digests, i, lane);
    return digest;
}

/// Calls body(Form{}, begin, count) for consecutive parts of `count` pieces of work, at most
/// Form::kCount each. A rest that is done sooner one by one is done so: with the portable kernel
/// kLanes states take kLanes times as long as one, with AVX-512 less than twice (16,600 cycles
/// against 9,400 for width 24, measured).
template <class Body>
void in_parts(std::size_t count, Body body) {
    const bool has_vectors = kernel_in_use().name != poseidon_kernels::portable().name;
    const std::size_t alone_max = has_vectors ? 1 : kLanes - 1;
    std::size_t begin = 0;
    for (; count - begin > alone_max; begin += std::min(kLanes, count - begin)) {
        body(SideBySide{}, begin, std::min(kLanes, count - begin));
    }
    for (; begin < count; ++begin) body(Alone{}, begin, std::size_t{1});
}

}  // namespace lepton::crypto::xmss
