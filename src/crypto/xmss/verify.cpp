// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A signature is verified in four steps, each done for a whole group of signatures before the next,
// so that every permutation call gets as many states as possible: message hash and codeword; chains
// to their ends; leaf; path to the root. A signature that fails a step leaves the group.
#include "crypto/xmss/verify.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/encoding.hpp"
#include "crypto/xmss/signature.hpp"
#include "crypto/xmss/tweak_hash.hpp"

#include <algorithm>
#include <vector>

namespace lepton::crypto::xmss {
namespace {

// Signatures that go through the steps together; bounds the memory of a call (2.7 KiB each).
constexpr std::size_t kGroupSize = 64;

template <class P>
struct Item {
    PublicKey key;
    Signature<P> signature;
    std::uint32_t slot = 0;
    std::array<Fp, 9> message{};
    Codeword<P> codeword{};
    Digest node{};  // the leaf, then its ancestors
    VerifyVerdict* verdict = nullptr;
};

template <class P>
Result<Item<P>, SignatureError> decode(const VerifyJob& job) {
    auto key = decode_public_key(job.public_key);
    if (!key) return std::unexpected(key.error());
    auto signature = decode_signature<P>(job.signature);
    if (!signature) return std::unexpected(signature.error());
    if (job.slot >= kLifetime<P>) return std::unexpected(SignatureError::slot_beyond_lifetime);
    Item<P> item;
    item.key = *key;
    item.signature = *signature;
    item.slot = static_cast<std::uint32_t>(job.slot);
    item.message = message_digits(job.message);
    return item;
}

// Computes every codeword; items without one get their verdict and leave.
template <class P>
void find_codewords(std::vector<Item<P>>& items) {
    std::vector<State<24>> states;
    for (const Item<P>& item : items) {
        states.push_back(
            message_input(item.key.parameter, item.slot, item.message, item.signature.rho));
    }
    compress<24>(states);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto codeword = codeword_of<P>(digest_of(states[i]));
        if (!codeword) {
            *items[i].verdict = std::unexpected(codeword.error());
            continue;
        }
        items[i].codeword = *codeword;
        if (kept != i) items[kept] = items[i];
        ++kept;
    }
    items.resize(kept);
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

template <class P>
void find_leaves(std::vector<Item<P>>& items) {
    static const Capacity capacity = leaf_capacity(P::kChains);
    std::vector<LeafJob> jobs;
    for (Item<P>& item : items) {
        jobs.push_back({&item.key.parameter, item.slot, item.signature.hashes, &item.node});
    }
    hash_leaves(jobs, capacity);
}

template <class P>
void climb(std::vector<Item<P>>& items) {
    std::vector<State<24>> states(items.size());
    for (std::size_t level = 0; level < P::kLogLifetime; ++level) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Item<P>& item = items[i];
            const std::uint32_t index = item.slot >> level;
            const Digest& sibling = item.signature.path[level];
            const bool is_right = index % 2 == 1;
            states[i] = node_input(item.key.parameter,
                                   level + 1,
                                   index / 2,
                                   is_right ? sibling : item.node,
                                   is_right ? item.node : sibling);
        }
        compress<24>(states);
        for (std::size_t i = 0; i < items.size(); ++i) items[i].node = digest_of(states[i]);
    }
}

template <class P>
void verify_group(std::span<const VerifyJob> jobs, std::span<VerifyVerdict> verdicts) {
    std::vector<Item<P>> items;
    items.reserve(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        auto item = decode<P>(jobs[i]);
        if (!item) {
            verdicts[i] = std::unexpected(item.error());
            continue;
        }
        item->verdict = &verdicts[i];
        items.push_back(*item);
    }
    find_codewords(items);
    finish_chains(items);
    find_leaves(items);
    climb(items);
    for (const Item<P>& item : items) {
        if (item.node == item.key.root)
            *item.verdict = {};
        else
            *item.verdict = std::unexpected(SignatureError::root_mismatch);
    }
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
