// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A signature is verified in three steps, each done for a whole group of signatures before the
// next, so that the permutations get as many states as possible: message hash and codeword; chains
// to their ends, those of all signatures in one queue; leaf and path to the root. In the first and
// the last a lane belongs to one signature. A signature that fails a step leaves the group.
#include "crypto/xmss/verify.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/encoding.hpp"
#include "crypto/xmss/signature.hpp"
#include "crypto/xmss/tweak_hash.hpp"

#include <algorithm>
#include <vector>

namespace lepton::crypto::xmss {
namespace {

// Signatures that go through the steps together: two full sets of lanes, so that few chains wait
// for the end of the queue. Bounds the memory of a call (2.8 KiB each).
constexpr std::size_t kGroupSize = 2 * kLanes;

template <class P>
struct Item {
    PublicKey key;
    Signature<P> signature;
    std::uint32_t slot = 0;
    std::array<Fp, 9> message{};  // its digits
    bool has_codeword = false;
    Codeword<P> codeword{};
    VerifyVerdict* verdict = nullptr;
};

template <class P>
Result<void, SignatureError> decode(const VerifyJob& job, Item<P>& item) {
    const auto key = decode_public_key(job.public_key);
    if (!key) return std::unexpected(key.error());
    const auto signature = decode_signature<P>(job.signature);
    if (!signature) return std::unexpected(signature.error());
    if (job.slot >= kLifetime<P>) return std::unexpected(SignatureError::slot_beyond_lifetime);
    item.key = *key;
    item.signature = *signature;
    item.slot = static_cast<std::uint32_t>(job.slot);
    return {};
}

// Computes the message hashes and writes the codewords, or the verdicts of items that have none.
template <class P, class Form>
void find_codewords(std::span<Item<P>> items) {
    typename Form::template Elements<24> states;
    typename Form::template Elements<8> hashes;
    for (std::size_t lane = 0; lane < Form::kCount; ++lane) {
        const Item<P>& item = items[std::min(lane, items.size() - 1)];
        write_message(
            states, lane, item.key.parameter, item.slot, item.message, item.signature.rho);
    }
    compress(states, hashes);
    for (std::size_t lane = 0; lane < items.size(); ++lane) {
        const auto codeword = codeword_of<P>(digest_of(hashes, lane));
        items[lane].has_codeword = codeword.has_value();
        if (codeword)
            items[lane].codeword = *codeword;
        else
            *items[lane].verdict = std::unexpected(codeword.error());
    }
}

template <class P>
void finish_chains(std::vector<Item<P>>& items) {
    std::vector<ChainWalk> walks;
    walks.reserve(items.size() * P::kChains);
    for (Item<P>& item : items) {
        for (std::size_t chain = 0; chain < P::kChains; ++chain) {
            const std::uint8_t position = item.codeword[chain];
            walks.push_back({&item.key.parameter,
                             item.slot,
                             static_cast<std::uint8_t>(chain),
                             position,
                             static_cast<std::uint8_t>(kChainLength - 1 - position),
                             &item.signature.hashes[chain]});
        }
    }
    walk_chains(walks);
}

// Computes the leaves from the ends of the chains, then the nodes above them, and writes verdicts.
template <class P, class Form>
void compare_roots(std::span<Item<P>> items) {
    static const Capacity capacity = leaf_capacity(P::kChains);
    const auto item_of = [&](std::size_t lane) -> const Item<P>& {
        return items[std::min(lane, items.size() - 1)];
    };
    LeafSponge<Form> sponge{capacity};
    sponge.absorb([&](std::size_t lane) -> auto& { return item_of(lane).key.parameter; });
    sponge.absorb([&](std::size_t lane) { return tree_tweak(0, item_of(lane).slot); });
    for (std::size_t chain = 0; chain < P::kChains; ++chain) {
        sponge.absorb(
            [&](std::size_t lane) -> auto& { return item_of(lane).signature.hashes[chain]; });
    }
    auto nodes = sponge.finish();
    typename Form::template Elements<24> states;
    for (std::size_t level = 0; level < P::kLogLifetime; ++level) {
        for (std::size_t lane = 0; lane < Form::kCount; ++lane) {
            const Item<P>& item = item_of(lane);
            const std::uint32_t index = item.slot >> level;
            const Digest node = digest_of(nodes, lane);
            const Digest& sibling = item.signature.path[level];
            const bool is_right = index % 2 == 1;
            write_node(states,
                       lane,
                       item.key.parameter,
                       level + 1,
                       index / 2,
                       is_right ? sibling : node,
                       is_right ? node : sibling);
        }
        compress(states, nodes);
    }
    for (std::size_t lane = 0; lane < items.size(); ++lane) {
        const Item<P>& item = items[lane];
        if (digest_of(nodes, lane) == item.key.root)
            *item.verdict = {};
        else
            *item.verdict = std::unexpected(SignatureError::root_mismatch);
    }
}

template <class P>
void verify_group(std::span<const VerifyJob> jobs, std::span<VerifyVerdict> verdicts) {
    std::vector<Item<P>> items;
    items.reserve(jobs.size());
    const VerifyJob* previous = nullptr;  // that of the last item
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        Item<P>& item = items.emplace_back();
        const auto decoded = decode<P>(jobs[i], item);
        if (!decoded) {
            verdicts[i] = std::unexpected(decoded.error());
            items.pop_back();
            continue;
        }
        // Most votes of a slot are for the same message.
        const bool is_same = previous != nullptr && previous->message == jobs[i].message;
        item.message = is_same ? items[items.size() - 2].message : message_digits(jobs[i].message);
        previous = &jobs[i];
        item.verdict = &verdicts[i];
    }
    in_parts(items.size(), [&]<class Form>(Form, std::size_t begin, std::size_t count) {
        find_codewords<P, Form>(std::span{items}.subspan(begin, count));
    });
    std::erase_if(items, [](const Item<P>& item) { return !item.has_codeword; });
    finish_chains(items);
    in_parts(items.size(), [&]<class Form>(Form, std::size_t begin, std::size_t count) {
        compare_roots<P, Form>(std::span{items}.subspan(begin, count));
    });
}

}  // namespace

template <class P>
void verify_batch(std::span<const VerifyJob> jobs, std::span<VerifyVerdict> verdicts) {
    LEPTON_ASSERT(jobs.size() == verdicts.size());
    std::ranges::fill(verdicts, std::unexpected(SignatureError::not_checked));
    for (std::size_t begin = 0; begin < jobs.size(); begin += kGroupSize) {
        const std::size_t count = std::min(kGroupSize, jobs.size() - begin);
        verify_group<P>(jobs.subspan(begin, count), verdicts.subspan(begin, count));
    }
}

template void verify_batch<ProdParameters>(std::span<const VerifyJob>, std::span<VerifyVerdict>);
template void verify_batch<TestParameters>(std::span<const VerifyJob>, std::span<VerifyVerdict>);

}  // namespace lepton::crypto::xmss
