// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/vote_pools.hpp"

#include "base/assert.hpp"
#include "consensus/limits.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace lepton::consensus {
namespace {

void take_if_later(std::optional<LatestVotes::Vote>& held,
                   const AttestationData& data,
                   const Root& data_root) {
    if (!held || std::tie(data.slot, data_root) > std::tie(held->data.slot, held->data_root)) {
        held = LatestVotes::Vote{data, data_root};
    }
}

bool has_fewer_participants(const SingleMessageAggregate& a, const SingleMessageAggregate& b) {
    return a.participants.count() < b.participants.count();
}

}  // namespace

AggregationBits aggregation_bits(std::span<const ValidatorIndex> indices) {
    AggregationBits bits;
    if (indices.empty()) return bits;
    const std::uint64_t highest = std::ranges::max(indices).value;
    LEPTON_ASSERT(highest < AggregationBits::kLimit);
    bits.resize(static_cast<std::size_t>(highest) + 1);
    for (const ValidatorIndex index : indices) bits.set(static_cast<std::size_t>(index.value));
    return bits;
}

std::size_t count_beyond(const ssz::Bits& bits, const ssz::Bits& others) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < bits.words().size(); ++i) {
        const std::uint64_t theirs = i < others.words().size() ? others.words()[i] : 0;
        count += static_cast<std::size_t>(std::popcount(bits.words()[i] & ~theirs));
    }
    return count;
}

void LatestVotes::record(const ssz::Bits& participants,
                         const AttestationData& data,
                         const Root& data_root) {
    for (const std::size_t index : participants.ones()) {
        if (index >= votes_.size()) break;
        take_if_later(votes_[index], data, data_root);
    }
}

void LatestVotes::merge(const LatestVotes& newer) {
    LEPTON_ASSERT(newer.votes_.size() == votes_.size());
    for (std::size_t i = 0; i < votes_.size(); ++i) {
        if (newer.votes_[i])
            take_if_later(votes_[i], newer.votes_[i]->data, newer.votes_[i]->data_root);
    }
}

void LatestVotes::clear() {
    std::ranges::fill(votes_, std::nullopt);
}

AggregatedPayloads::Added AggregatedPayloads::add(const AttestationData& data,
                                                  const Root& data_root,
                                                  SingleMessageAggregate proof) {
    const auto covers = [](const SingleMessageAggregate& a, const SingleMessageAggregate& b) {
        return b.participants.is_subset_of(a.participants);
    };
    auto& proofs = entries_.try_emplace(data_root, Entry{data_root, data, {}}).first->second.proofs;
    if (std::ranges::any_of(proofs, [&](const auto& held) { return covers(held, proof); })) {
        return Added::redundant;
    }
    size_ -= std::erase_if(proofs, [&](const auto& held) { return covers(proof, held); });
    if (proofs.size() == kProofsPerDataMax) {
        ssz::Bits covered;
        for (const SingleMessageAggregate& held : proofs) covered.merge(held.participants);
        if (proof.participants.is_subset_of(covered)) return Added::full;
        proofs.erase(std::ranges::min_element(proofs, has_fewer_participants));
        --size_;
        ++evicted_;
    }
    const ssz::Bits participants = proof.participants;
    proofs.push_back(std::move(proof));
    ++size_;
    if (size_ <= proofs_max_) return Added::stored;

    evict_one();
    const Entry* entry = find(data_root);
    const bool is_held =
        entry != nullptr && std::ranges::any_of(entry->proofs, [&](const auto& held) {
            return participants.is_subset_of(held.participants);
        });
    return is_held ? Added::stored : Added::full;
}

void AggregatedPayloads::evict_one() {
    const auto rank = [](const auto& item) {
        const Entry& entry = item.second;
        const auto largest = std::ranges::max_element(entry.proofs, has_fewer_participants);
        return std::pair(entry.data.slot, largest->participants.count());
    };
    const auto worst = std::ranges::min_element(entries_, {}, rank);
    LEPTON_ASSERT(worst != entries_.end());
    auto& proofs = worst->second.proofs;
    proofs.erase(std::ranges::min_element(proofs, has_fewer_participants));
    if (proofs.empty()) entries_.erase(worst);
    --size_;
    ++evicted_;
}

const AggregatedPayloads::Entry* AggregatedPayloads::find(const Root& data_root) const {
    const auto at = entries_.find(data_root);
    return at == entries_.end() ? nullptr : &at->second;
}

std::size_t AggregatedPayloads::erase_if(
    const std::function<bool(const AttestationData&)>& is_stale) {
    const std::size_t before = size_;
    std::erase_if(entries_, [&](const auto& item) {
        if (!is_stale(item.second.data)) return false;
        size_ -= item.second.proofs.size();
        return true;
    });
    return before - size_;
}

std::map<Root, AggregatedPayloads::Entry> AggregatedPayloads::take() {
    size_ = 0;
    return std::exchange(entries_, {});
}

void AttestationSignatures::add(const AttestationData& data,
                                const Root& data_root,
                                ValidatorIndex validator_index,
                                Signature signature) {
    Entry& entry = entries_.try_emplace(data_root, Entry{data_root, data, {}}).first->second;
    if (entry.signatures.insert_or_assign(validator_index, std::move(signature)).second) ++size_;
    if (size_ <= signatures_max_) return;

    const auto worst = std::ranges::min_element(entries_, {}, [](const auto& item) {
        return std::pair(item.second.data.slot, item.second.signatures.size());
    });
    size_ -= worst->second.signatures.size();
    evicted_ += worst->second.signatures.size();
    entries_.erase(worst);
}

const AttestationSignatures::Entry* AttestationSignatures::find(const Root& data_root) const {
    const auto at = entries_.find(data_root);
    return at == entries_.end() ? nullptr : &at->second;
}

void AttestationSignatures::erase(const Root& data_root, const ssz::Bits& participants) {
    const auto at = entries_.find(data_root);
    if (at == entries_.end()) return;
    for (const std::size_t index : participants.ones()) {
        size_ -= at->second.signatures.erase(ValidatorIndex{index});
    }
    if (at->second.signatures.empty()) entries_.erase(at);
}

std::size_t AttestationSignatures::erase_if(
    const std::function<bool(const AttestationData&)>& is_stale) {
    const std::size_t before = size_;
    std::erase_if(entries_, [&](const auto& item) {
        if (!is_stale(item.second.data)) return false;
        size_ -= item.second.signatures.size();
        return true;
    });
    return before - size_;
}

}  // namespace lepton::consensus
