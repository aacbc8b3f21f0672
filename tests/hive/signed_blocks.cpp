// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: blocks that the validators of a genesis directory could have signed.
//
// Usage: lepton-signed-blocks GENESIS_DIRECTORY SLOTS
// Prints one JSON object. `genesis`: the root of the block of slot 0. `chain`: a block for each of
// the slots 1 to SLOTS, each with the votes of all validators for its parent. `wrong`: blocks of
// slot 1, each with one thing wrong and, but for `proof`, signed by the key of its proposer (by
// that of the right one where the proposer does not exist). A block has `slot`, `root` and `ssz`.
#include "aggregation/bundle/bundle_backend.hpp"
#include "consensus/block_production.hpp"
#include "node/genesis_files.hpp"
#include "types/genesis.hpp"
#include "types/ssz.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lepton {
namespace {

namespace json = boost::json;
using validator::Role;

constexpr std::string_view kNetwork = "leanspec-test";

/// Runs a job of `backend` and returns its result: the executor runs it at once.
template <class Job>
typename Job::Output run(aggregation::AggregationBackend& backend, Job job) {
    std::optional<Result<typename Job::Output, aggregation::AggregationError>> out;
    backend.submit(std::move(job), {}, [&out](auto result) { out = std::move(result); });
    return std::move(out.value().value());
}

class Registry {
  public:
    explicit Registry(const std::string& directory)
        : profile_(network_profile(kNetwork).value()),
          scheme_(crypto::signature_scheme(crypto::SchemeId::leansig_test)),
          genesis_(node::read_genesis_file(directory + "/config.yaml", profile_, scheme_).value()),
          backend_(aggregation::bundle::make_backend(
              scheme_,
              {.proof_size_max = profile_.proof_size_max,
               .components_max = profile_.proof_components_max},
              [](std::move_only_function<void()> task) { task(); },
              clock_)) {
        for (const Validator& each : genesis_.validators) {
            attesters_.push_back(
                load(directory, each.index, Role::attestation, each.attestation_public_key));
            proposers_.push_back(
                load(directory, each.index, Role::proposal, each.proposal_public_key));
        }
    }

    State genesis() const { return genesis_state(genesis_.genesis_time, genesis_.validators); }
    std::size_t count() const { return attesters_.size(); }

    /// Returns the votes of all of them for `data`, as a part of a block's proof.
    aggregation::MergeJob::Part vote(const AttestationData& data) {
        aggregation::AggregateJob job{.message = hash_tree_root(data),
                                      .slot = data.slot,
                                      .children = {},
                                      .raw_signatures = {}};
        aggregation::Claim claim{{}, job.message, data.slot};
        for (std::size_t i = 0; i < count(); ++i) {
            const PublicKey& key = genesis_.validators[i].attestation_public_key;
            job.raw_signatures.push_back(
                {ValidatorIndex{i}, key, sign(*attesters_[i], data.slot, job.message)});
            claim.public_keys.push_back(key);
        }
        return {std::move(claim), run(*backend_, std::move(job)).proof};
    }

    /// Returns `block` with the votes it carries and the signature of `proposer`.
    SignedBlock propose(Block block,
                        ValidatorIndex proposer,
                        std::vector<aggregation::MergeJob::Part> votes) {
        const Root root = hash_tree_root(block);
        const PublicKey& key = genesis_.validators[proposer.value].proposal_public_key;
        aggregation::AggregateJob own{
            .message = root, .slot = block.slot, .children = {}, .raw_signatures = {}};
        own.raw_signatures.push_back(
            {proposer, key, sign(*proposers_[proposer.value], block.slot, root)});
        aggregation::MergeJob merge{std::move(votes)};
        merge.parts.push_back({{{key}, root, block.slot}, run(*backend_, std::move(own)).proof});
        return {std::move(block), run(*backend_, std::move(merge))};
    }

  private:
    std::unique_ptr<crypto::Signer> load(const std::string& directory,
                                         ValidatorIndex index,
                                         Role role,
                                         const PublicKey& public_key) const {
        const std::string path =
            directory + "/hash-sig-keys/" + node::key_file_name(index, role, true);
        std::ifstream file{path, std::ios::binary};
        Bytes secret{std::istreambuf_iterator<char>{file}, {}};
        return scheme_.load_secret_key(public_key.bytes(), std::move(secret)).value();
    }

    static Signature sign(crypto::Signer& signer, Slot slot, const Root& message) {
        signer.prepare(slot.value, crypto::run_in_order).value();
        return Signature{signer.sign(slot.value, message.bytes).value()};
    }

    SystemClock clock_;
    NetworkProfile profile_;
    const crypto::SignatureScheme& scheme_;
    node::GenesisFile genesis_;
    std::unique_ptr<aggregation::AggregationBackend> backend_;
    std::vector<std::unique_ptr<crypto::Signer>> attesters_;
    std::vector<std::unique_ptr<crypto::Signer>> proposers_;
};

json::object told(const SignedBlock& signed_block) {
    return {{"slot", signed_block.block.slot.value},
            {"root", to_hex(hash_tree_root(signed_block.block).bytes)},
            {"ssz", to_hex(ssz::encode(signed_block))}};
}

/// Returns the block of `slot` on `parent`, of which `state` is the post-state, and makes `state`
/// its own.
SignedBlock next_block(Registry& validators, const Checkpoint& parent, Slot slot, State& state) {
    const ValidatorIndex proposer{slot.value % validators.count()};
    std::vector<AggregatedAttestation> votes;
    std::vector<aggregation::MergeJob::Part> parts;
    if (parent.slot > Slot{0}) {
        const AttestationData data{.slot = parent.slot,
                                   .head = parent,
                                   .target = parent,
                                   .source = state.latest_justified};
        AggregationBits all;
        for (std::size_t i = 0; i < validators.count(); ++i) all.push_back(true);
        votes.push_back({std::move(all), data});
        parts.push_back(validators.vote(data));
    }
    auto assembled = consensus::assemble_block(state, slot, proposer, std::move(votes)).value();
    state = std::move(assembled.post_state);
    return validators.propose(std::move(assembled.block), proposer, std::move(parts));
}

json::object wrong_blocks(Registry& validators, const SignedBlock& good) {
    const ValidatorIndex proposer = good.block.proposer_index;
    const auto changed = [&](ValidatorIndex signer, auto change) {
        Block block = good.block;
        change(block);
        return told(validators.propose(std::move(block), signer, {}));
    };
    const auto filled = [](std::uint8_t byte) {
        Root root;
        root.bytes.fill(byte);
        return root;
    };
    const ValidatorIndex other{(proposer.value + 1) % validators.count()};
    SignedBlock forged = good;
    Bytes proof = to_bytes(forged.proof.proof);
    proof.back() ^= 1;
    forged.proof.proof = ProofBytes{std::move(proof)};
    return {
        {"proposer", changed(other, [&](Block& block) { block.proposer_index = other; })},
        {"no_proposer",
         changed(proposer, [](Block& block) { block.proposer_index = ValidatorIndex{9999}; })},
        {"parent_root", changed(proposer, [&](Block& block) { block.parent_root = filled(0xde); })},
        {"state_root", changed(proposer, [&](Block& block) { block.state_root = filled(0xbe); })},
        {"proof", told(forged)}};
}

void print(const std::string& directory, std::uint64_t slots) {
    Registry validators(directory);
    State state = validators.genesis();
    Checkpoint parent{hash_tree_root(genesis_block(state)), Slot{0}};
    json::object out{{"genesis", to_hex(parent.root.bytes)}};
    json::array chain;
    for (std::uint64_t slot = 1; slot <= slots; ++slot) {
        const SignedBlock made = next_block(validators, parent, Slot{slot}, state);
        if (slot == 1) out["wrong"] = wrong_blocks(validators, made);
        parent = {hash_tree_root(made.block), Slot{slot}};
        chain.push_back(told(made));
    }
    out["chain"] = std::move(chain);
    std::cout << out << std::endl;
}

}  // namespace
}  // namespace lepton

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: lepton-signed-blocks GENESIS_DIRECTORY SLOTS\n");
        return 2;
    }
    try {
        lepton::print(argv[1], std::stoull(argv[2]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "lepton-signed-blocks: %s\n", error.what());
        return 1;
    }
    return 0;
}
