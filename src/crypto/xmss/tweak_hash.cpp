// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/tweak_hash.hpp"

#include "base/assert.hpp"
#include "crypto/wipe.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace lepton::crypto::xmss {
namespace {

// States given to one permutation call: several vectors of any instruction set.
constexpr std::size_t kBatch = 64;

// The last byte of a tweak says what is hashed.
constexpr std::uint64_t kChainTweak = 0x00;
constexpr std::uint64_t kTreeTweak = 0x01;
constexpr std::uint64_t kMessageTweak = 0x02;

std::array<Fp, 2> chain_tweak(std::uint32_t slot, std::uint8_t chain, unsigned step) {
    return base_p_digits(std::uint64_t{slot} << 24 | std::uint64_t{chain} << 16 |
                         std::uint64_t{step} << 8 | kChainTweak);
}

std::array<Fp, 2> tree_tweak(std::size_t level, std::uint64_t index) {
    return base_p_digits(std::uint64_t{level} << 40 | index << 8 | kTreeTweak);
}

// Copies the parts one after the other into `state` and fills the rest with zeros.
template <std::size_t Width, class... Parts>
void fill(State<Width>& state, const Parts&... parts) {
    static_assert((std::tuple_size_v<Parts> + ...) <= Width);
    auto out = state.begin();
    ((out = std::ranges::copy(parts, out).out), ...);
    std::fill(out, state.end(), Fp{0});
}

}  // namespace

void walk_chains(std::span<ChainWalk> walks) {
    // Longest first, so that the lanes stay filled until close to the end.
    std::ranges::sort(walks, std::greater{}, &ChainWalk::steps);
    std::array<State<16>, kBatch> states;
    const WipeGuard guard{states};
    std::array<ChainWalk*, kBatch> lanes{};
    std::size_t active = 0, next = 0;
    while (true) {
        while (active < kBatch && next < walks.size() && walks[next].steps > 0) {
            lanes[active++] = &walks[next++];
        }
        if (active == 0) return;
        for (std::size_t i = 0; i < active; ++i) {
            const ChainWalk& walk = *lanes[i];
            fill(states[i],
                 *walk.value,
                 *walk.parameter,
                 chain_tweak(walk.slot, walk.chain, walk.position + 1u));
        }
        compress<16>(std::span{states}.first(active));
        for (std::size_t i = active; i-- > 0;) {
            ChainWalk& walk = *lanes[i];
            std::copy_n(states[i].begin(), walk.value->size(), walk.value->begin());
            ++walk.position;
            if (--walk.steps == 0) lanes[i] = lanes[--active];
        }
    }
}

State<24> node_input(const Parameter& parameter,
                     std::size_t level,
                     std::uint64_t index,
                     const Digest& left,
                     const Digest& right) {
    State<24> state;
    fill(state, parameter, tree_tweak(level, index), left, right);
    return state;
}

State<24> message_input(const Parameter& parameter,
                        std::uint32_t slot,
                        const std::array<Fp, 9>& message,
                        const Rho& rho) {
    State<24> state;
    fill(state, message, parameter, base_p_digits(std::uint64_t{slot} << 8 | kMessageTweak), rho);
    return state;
}

Digest digest_of(const State<24>& state) {
    Digest digest;
    std::copy_n(state.begin(), digest.size(), digest.begin());
    return digest;
}

Capacity leaf_capacity(std::size_t chains) {
    // The lengths of parameter, tweak, chain list and digest as one 128-bit number of 32-bit words,
    // most significant first, in base-p digits.
    std::array<std::uint32_t, 4> words{5, 2, static_cast<std::uint32_t>(chains), 8};
    std::array<State<24>, 1> states{};
    for (Fp& digit : states[0]) {
        std::uint64_t remainder = 0;
        for (std::uint32_t& word : words) {
            const std::uint64_t part = remainder << 32 | word;
            word = static_cast<std::uint32_t>(part / kPrime);
            remainder = part % kPrime;
        }
        digit = static_cast<Fp>(remainder);
    }
    compress<24>(states);
    Capacity capacity;
    std::copy_n(states[0].begin(), capacity.size(), capacity.begin());
    return capacity;
}

void hash_leaves(std::span<const LeafJob> jobs, const Capacity& capacity) {
    if (jobs.empty()) return;
    const std::size_t chains = jobs.front().chain_ends.size();
    // Absorbed are the parameter, the tweak and the chain ends, a rate part at a time.
    constexpr std::size_t kRate = 24 - std::tuple_size_v<Capacity>;
    constexpr std::size_t kHead = std::tuple_size_v<Parameter> + 2;
    const std::size_t absorbed = kHead + chains * std::tuple_size_v<Digest>;
    const std::size_t blocks = (absorbed + kRate - 1) / kRate;

    std::array<State<24>, kBatch> states;
    std::vector<Fp> inputs(kBatch * blocks * kRate);
    for (; !jobs.empty(); jobs = jobs.subspan(std::min(kBatch, jobs.size()))) {
        const std::size_t count = std::min(kBatch, jobs.size());
        std::ranges::fill(inputs, Fp{0});
        for (std::size_t i = 0; i < count; ++i) {
            const LeafJob& job = jobs[i];
            LEPTON_ASSERT(job.chain_ends.size() == chains);
            auto out = inputs.begin() + static_cast<std::ptrdiff_t>(i * blocks * kRate);
            out = std::ranges::copy(*job.parameter, out).out;
            out = std::ranges::copy(tree_tweak(0, job.slot), out).out;
            for (const Digest& end : job.chain_ends) out = std::ranges::copy(end, out).out;
            std::ranges::copy(capacity, states[i].begin());
        }
        for (std::size_t block = 0; block < blocks; ++block) {
            for (std::size_t i = 0; i < count; ++i) {
                const auto from = std::span{inputs}.subspan((i * blocks + block) * kRate, kRate);
                std::ranges::copy(from, states[i].begin() + std::tuple_size_v<Capacity>);
            }
            permute<24>(std::span{states}.first(count));
        }
        for (std::size_t i = 0; i < count; ++i) {
            std::copy_n(states[i].begin() + std::tuple_size_v<Capacity>,
                        jobs[i].leaf->size(),
                        jobs[i].leaf->begin());
        }
    }
}

}  // namespace lepton::crypto::xmss
