// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/key_generation.hpp"

#include "crypto/xmss/tweak_hash.hpp"

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

// Slots of one item of parallel work, and items between two reports of progress.
constexpr std::size_t kSlotsPerItem = 128;
constexpr std::size_t kItemsPerReport = 32;

}  // namespace

template <class P>
void build_leaves(const Prf& prf,
                  const Parameter& parameter,
                  std::uint64_t first_slot,
                  std::span<Digest> leaves) {
    static const Capacity capacity = leaf_capacity(P::kChains);
    Lanes<8> values;
    const WipeGuard guard{values.rows};
    for (std::size_t begin = 0; begin < leaves.size(); begin += kLanes) {
        const std::size_t count = std::min(kLanes, leaves.size() - begin);
        LaneSlots slots;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            slots[lane] =
                static_cast<std::uint32_t>(first_slot + begin + std::min(lane, count - 1));
        }
        std::array<Prf::ChainPlace, kLanes> places;
        SlotChains chains{parameter, slots};
        LeafSponge<SideBySide> sponge{capacity};
        sponge.absorb([&](std::size_t) { return parameter; });
        sponge.absorb([&](std::size_t lane) { return tree_tweak(0, slots[lane]); });
        for (std::size_t chain = 0; chain < P::kChains; ++chain) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                places[lane] = {slots[lane], static_cast<std::uint8_t>(chain)};
            }
            prf.chain_starts(places, values);
            chains.walk_next(values);
            sponge.absorb_rows(values);
        }
        const Lanes<8> hashes = sponge.finish();
        for (std::size_t lane = 0; lane < count; ++lane) {
            leaves[begin + lane] = digest_of(hashes, lane);
        }
    }
}

template <class P>
SubTree generate_bottom_tree(const Prf& prf,
                             const Parameter& parameter,
                             std::uint64_t index,
                             const ParallelFor& parallel_for,
                             const std::function<void(std::uint64_t)>& slots_done) {
    std::vector<Digest> leaves(kBottomLeaves<P>);
    const std::uint64_t first_slot = index * kBottomLeaves<P>;
    const std::size_t items = (leaves.size() + kSlotsPerItem - 1) / kSlotsPerItem;
    for (std::size_t done = 0; done < items;) {
        const std::size_t now = std::min(kItemsPerReport, items - done);
        parallel_for(now, [&](std::size_t item) {
            const std::size_t begin = (done + item) * kSlotsPerItem;
            const std::size_t count = std::min(kSlotsPerItem, leaves.size() - begin);
            build_leaves<P>(
                prf, parameter, first_slot + begin, std::span{leaves}.subspan(begin, count));
        });
        done += now;
        slots_done(std::min(done * kSlotsPerItem, leaves.size()));
    }
    return build_bottom_tree(parameter, index, std::move(leaves), parallel_for);
}

template <class P>
Result<SlotRange, SignatureError> widen_activation(std::uint64_t activation_slot,
                                                   std::uint64_t slot_count) {
    constexpr std::uint64_t kLeaves = kBottomLeaves<P>;
    if (slot_count == 0 || activation_slot >= kLifetime<P> ||
        slot_count > kLifetime<P> - activation_slot) {
        return std::unexpected(SignatureError::activation_range);
    }
    std::uint64_t first = activation_slot / kLeaves;
    std::uint64_t end = (activation_slot + slot_count + kLeaves - 1) / kLeaves;
    end = std::max(end, first + 2);
    const std::uint64_t beyond = end - std::min(end, kLifetime<P> / kLeaves);
    first -= beyond;
    end -= beyond;
    return SlotRange{first * kLeaves, end * kLeaves};
}

template <class P>
SecretKey generate_key(Random& random,
                       const SlotRange& activation,
                       const ParallelFor& parallel_for,
                       const Progress& progress) {
    Bytes32 prf_key;
    const WipeGuard guard{prf_key};
    random.fill(prf_key);
    const Prf prf{prf_key};
    Parameter parameter;
    for (Fp& element : parameter) element = random_element(random);

    const std::uint64_t first = activation.begin / kBottomLeaves<P>;
    const std::uint64_t count = activation.size() / kBottomLeaves<P>;
    std::vector<Digest> roots;
    std::array<std::shared_ptr<const SubTree>, 2> kept;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto report = [&](std::uint64_t slots) {
            if (progress) progress(i * kBottomLeaves<P> + slots, activation.size());
        };
        SubTree tree = generate_bottom_tree<P>(prf, parameter, first + i, parallel_for, report);
        roots.push_back(tree.root());
        if (i < kept.size()) kept[i] = std::make_shared<const SubTree>(std::move(tree));
    }
    SubTree top = build_top_tree(
        random, parameter, kBottomHeight<P>, P::kLogLifetime, first, std::move(roots));
    return SecretKey{prf, parameter, activation, std::move(top), Window{first, kept[0], kept[1]}};
}

#define LEPTON_INSTANTIATE(P)                                                                      \
    template void build_leaves<P>(const Prf&, const Parameter&, std::uint64_t, std::span<Digest>); \
    template SubTree generate_bottom_tree<P>(const Prf&,                                           \
                                             const Parameter&,                                     \
                                             std::uint64_t,                                        \
                                             const ParallelFor&,                                   \
                                             const std::function<void(std::uint64_t)>&);           \
    template Result<SlotRange, SignatureError> widen_activation<P>(std::uint64_t, std::uint64_t);  \
    template SecretKey generate_key<P>(                                                            \
        Random&, const SlotRange&, const ParallelFor&, const Progress&);
LEPTON_INSTANTIATE(ProdParameters)
LEPTON_INSTANTIATE(TestParameters)
#undef LEPTON_INSTANTIATE

}  // namespace lepton::crypto::xmss
