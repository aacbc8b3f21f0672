// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the store remembers of votes: the latest vote of each validator, which fork choice weighs,
// and the proofs and raw signatures from which blocks and aggregates are made. Losing a proof never
// loses a vote. Every pool is bounded whatever finality does. Values that belong to one thread.
#pragma once

#include "ssz/bitlist.hpp"
#include "types/attestation.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace lepton::consensus {

/// Returns the bits of the validators `indices`, as long as the highest of them needs.
/// Spec: containers/participation.py `from_indices`
AggregationBits aggregation_bits(std::span<const ValidatorIndex> indices);

/// Returns the number of ones of `bits` that `others` does not have.
std::size_t count_beyond(const ssz::Bits& bits, const ssz::Bits& others);

/// The latest vote of each validator of the registry.
class LatestVotes {
  public:
    struct Vote {
        AttestationData data;
        /// hash_tree_root of data.
        Root data_root;

        bool operator==(const Vote&) const = default;
    };

    explicit LatestVotes(std::size_t validator_count) : votes_(validator_count) {}

    /// Takes a vote for each validator in `participants` unless it has voted for a later slot, or
    /// for the same slot with a larger data root: so the order of arrival never matters. Bits
    /// outside the registry are ignored.
    void record(const ssz::Bits& participants, const AttestationData& data, const Root& data_root);
    /// Takes all votes of `newer`, by the same rule.
    void merge(const LatestVotes& newer);
    /// Forgets every vote.
    void clear();

    /// One entry per validator index.
    std::span<const std::optional<Vote>> votes() const { return votes_; }

    bool operator==(const LatestVotes&) const = default;

  private:
    std::vector<std::optional<Vote>> votes_;
};

/// Aggregate proofs by the vote that they prove. Proofs of one vote form an antichain: none covers
/// only validators that another one covers.
class AggregatedPayloads {
  public:
    struct Entry {
        Root data_root;
        AttestationData data;
        std::vector<SingleMessageAggregate> proofs;
    };
    enum class Added : std::uint8_t {
        stored,
        /// Another proof of the same vote covers all its validators.
        redundant,
        /// No room for it: others are newer or cover more.
        full,
    };

    /// Holds at most `proofs_max` proofs.
    explicit AggregatedPayloads(std::size_t proofs_max) : proofs_max_(proofs_max) {}

    /// Adds a proof. Proofs that it covers leave. When the pool is full, a proof of the vote with
    /// the lowest slot leaves; of several such votes, one of that with the fewest participants.
    Added add(const AttestationData& data, const Root& data_root, SingleMessageAggregate proof);
    /// Returns the entry of `data_root`, nullptr when there is none. Valid until the next change.
    const Entry* find(const Root& data_root) const;
    /// All entries, ordered by data root.
    const std::map<Root, Entry>& entries() const { return entries_; }
    /// Removes the votes for which `is_stale` holds; returns how many proofs left.
    std::size_t erase_if(const std::function<bool(const AttestationData&)>& is_stale);
    /// Moves everything out and leaves the pool empty.
    std::map<Root, Entry> take();

    /// Number of proofs.
    std::size_t size() const { return size_; }
    /// Proofs that left because the pool was full, since the start.
    std::uint64_t evicted() const { return evicted_; }

  private:
    void evict_one();

    std::size_t proofs_max_;
    std::size_t size_ = 0;
    std::uint64_t evicted_ = 0;
    std::map<Root, Entry> entries_;
};

/// Raw signatures by the vote that they sign, for aggregators.
class AttestationSignatures {
  public:
    struct Entry {
        Root data_root;
        AttestationData data;
        /// By validator, so that aggregates do not depend on the order of arrival.
        std::map<ValidatorIndex, Signature> signatures;
    };

    /// Holds at most `signatures_max` signatures.
    explicit AttestationSignatures(std::size_t signatures_max) : signatures_max_(signatures_max) {}

    /// Adds a signature, replacing that of the same validator and vote. When the pool is full, all
    /// signatures of the vote with the lowest slot leave; of several such votes, of that with the
    /// fewest signatures.
    void add(const AttestationData& data,
             const Root& data_root,
             ValidatorIndex validator_index,
             Signature signature);
    const Entry* find(const Root& data_root) const;
    /// All entries, ordered by data root.
    const std::map<Root, Entry>& entries() const { return entries_; }
    /// Removes the signatures of `participants` for one vote.
    void erase(const Root& data_root, const ssz::Bits& participants);
    /// Removes the votes for which `is_stale` holds; returns how many signatures left.
    std::size_t erase_if(const std::function<bool(const AttestationData&)>& is_stale);

    /// Number of signatures.
    std::size_t size() const { return size_; }
    /// Signatures that left because the pool was full, since the start.
    std::uint64_t evicted() const { return evicted_; }

  private:
    std::size_t signatures_max_;
    std::size_t size_ = 0;
    std::uint64_t evicted_ = 0;
    std::map<Root, Entry> entries_;
};

}  // namespace lepton::consensus
