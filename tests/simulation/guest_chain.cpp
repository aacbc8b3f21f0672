// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "guest_chain.hpp"

#include "base/assert.hpp"
#include "consensus/block_production.hpp"
#include "consensus/state_transition.hpp"
#include "types/genesis.hpp"

#include <algorithm>
#include <utility>

namespace lepton::simulation {
namespace {

std::unique_ptr<crypto::Signer> load(const crypto::SignatureScheme& scheme,
                                     const Bytes& public_key,
                                     const Bytes& secret_key) {
    auto signer = scheme.load_secret_key(public_key, secret_key);
    LEPTON_ASSERT(signer.has_value());
    return std::move(*signer);
}

/// Runs a job of `backend` and returns its result: the executor runs it at once.
template <class Job>
auto run(aggregation::AggregationBackend& backend, Job job) {
    std::optional<Result<typename Job::Output, aggregation::AggregationError>> out;
    backend.submit(std::move(job), {}, [&out](auto result) { out = std::move(result); });
    LEPTON_ASSERT(out.has_value());
    return *std::move(out);
}

}  // namespace

GuestChain::GuestChain(const SimWorld& world, const Clock& clock, ValidatorIndex validator)
    : world_(world),
      validator_(validator),
      backend_(
          world.scheme,
          {.proof_size_max = world.genesis.profile.proof_size_max,
           .components_max = world.genesis.profile.proof_components_max},
          [](std::move_only_function<void()> task) { task(); },
          clock) {
    const ValidatorKeys& keys = keys_of(validator.value);
    attestation_key_ = load(world.scheme, keys.attestation_public_key, keys.attestation_secret_key);
    proposal_key_ = load(world.scheme, keys.proposal_public_key, keys.proposal_secret_key);
    State state = genesis_state(world.genesis.genesis_time, *world.genesis.validators);
    SignedBlock block{.block = genesis_block(state), .proof = {}};
    tip_ = hash_tree_root(block.block);
    blocks_.emplace(tip_, Known{std::move(block), std::move(state)});
}

void GuestChain::add(const SignedBlock& block) {
    const Root root = hash_tree_root(block.block);
    const auto parent = blocks_.find(block.block.parent_root);
    if (blocks_.contains(root) || parent == blocks_.end()) return;
    auto state = consensus::state_transition(parent->second.state, block.block);
    if (!state) return;
    const Slot slot = block.block.slot;
    if (slot > slot_of(tip_)) tip_ = root;
    blocks_.emplace(root, Known{block, std::move(*state)});
    if (blocks_.size() <= kBlocksMax) return;
    blocks_.erase(std::ranges::min_element(
        blocks_, {}, [](const auto& each) { return each.second.block.block.slot; }));
}

Slot GuestChain::slot_of(const Root& root) const {
    return blocks_.at(root).block.block.slot;
}

Root GuestChain::parent_of(const Root& root) const {
    const Root parent = blocks_.at(root).block.block.parent_root;
    return blocks_.contains(parent) ? parent : root;
}

const SignedBlock* GuestChain::find(const Root& root) const {
    const auto found = blocks_.find(root);
    return found == blocks_.end() ? nullptr : &found->second.block;
}

bool GuestChain::proposes(Slot slot) const {
    return slot > Slot{0} && slot.value % world_.genesis.validators->size() == validator_.value;
}

std::optional<SignedBlock> GuestChain::make_block(const Root& parent, Slot slot, bool with_votes) {
    const State& state = blocks_.at(parent).state;
    const auto assemble = [&](std::vector<AggregatedAttestation> votes) {
        return consensus::assemble_block(state, slot, validator_, std::move(votes));
    };
    const bool carries_votes = with_votes && aggregate_ && aggregate_->data.slot < slot;
    std::vector<AggregatedAttestation> votes;
    if (carries_votes) votes.push_back({aggregate_->proof.participants, aggregate_->data});
    auto assembled = assemble(votes);
    if (!assembled) return std::nullopt;

    const Root root = hash_tree_root(assembled->block);
    const PublicKey own = (*world_.genesis.validators)[validator_.value].proposal_public_key;
    auto proposer =
        run(backend_,
            aggregation::AggregateJob{
                .message = root,
                .slot = slot,
                .children = {},
                .raw_signatures = {{validator_, own, sign_with(*proposal_key_, slot, root)}}});
    LEPTON_ASSERT(proposer.has_value());
    aggregation::MergeJob merge;
    if (carries_votes) {
        std::vector<PublicKey> voters;
        for (const std::size_t index : aggregate_->proof.participants.ones()) {
            voters.push_back((*world_.genesis.validators)[index].attestation_public_key);
        }
        merge.parts.push_back(
            {{std::move(voters), hash_tree_root(aggregate_->data), aggregate_->data.slot},
             aggregate_->proof.proof});
    }
    merge.parts.push_back({{{own}, root, slot}, proposer->proof});
    auto proof = run(backend_, std::move(merge));
    if (!proof) return std::nullopt;
    SignedBlock made{std::move(assembled->block), std::move(*proof)};
    return made;
}

SignedAttestation GuestChain::sign(const AttestationData& data) {
    return {validator_, data, sign_with(*attestation_key_, data.slot, hash_tree_root(data))};
}

Signature GuestChain::sign_with(crypto::Signer& signer, Slot slot, const Root& message) {
    const auto prepared = signer.prepare(slot.value, crypto::run_in_order);
    LEPTON_ASSERT(prepared.has_value());
    auto signature = signer.sign(slot.value, message.bytes);
    LEPTON_ASSERT(signature.has_value());
    return Signature{std::move(*signature)};
}

}  // namespace lepton::simulation
