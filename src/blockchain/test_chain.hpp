// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: a blockchain without actors on a simulated disk and a manual clock. Effects are
// carried out at once, with real signatures and proofs of the test scheme, unless the test holds
// them; what leaves for the network is recorded.
#pragma once

#include "aggregation/bundle/bundle_backend.hpp"
#include "aggregation/test_keys.hpp"
#include "blockchain/blockchain.hpp"
#include "blockchain/open_chain.hpp"
#include "blockchain/test_messages.hpp"
#include "storage/memory/memory_backend.hpp"
#include "types/genesis.hpp"
#include "types/ssz.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace lepton::blockchain::test {

inline constexpr std::uint64_t kGenesisTime = 1'000'000;
inline constexpr std::size_t kValidatorCount = 4;

inline NetworkProfile test_profile() {
    return network_profile("leanspec-test").value();
}

/// Validator i votes with key i and proposes with key kValidatorCount + i. The keys are good for
/// slots 0 to 31; later ones get signatures that have the right form only.
inline const crypto::Signer& key_of(ValidatorIndex index, validator::Role role) {
    const auto at = static_cast<std::size_t>(index.value);
    return aggregation::validator(role == validator::Role::attestation ? at : kValidatorCount + at);
}

inline Anchor test_genesis() {
    Validators validators;
    for (std::uint64_t i = 0; i < kValidatorCount; ++i) {
        const ValidatorIndex index{i};
        validators.push_back({PublicKey{key_of(index, validator::Role::attestation).public_key()},
                              PublicKey{key_of(index, validator::Role::proposal).public_key()},
                              index});
    }
    Anchor anchor;
    anchor.state = genesis_state(kGenesisTime, std::move(validators));
    anchor.block.block = genesis_block(anchor.state);
    return anchor;
}

inline std::vector<ValidatorIndex> all_validators() {
    std::vector<ValidatorIndex> all;
    for (std::uint64_t i = 0; i < kValidatorCount; ++i) all.emplace_back(i);
    return all;
}

inline BlockchainOptions follower() {
    return {.profile = test_profile(), .own_validators = {}};
}
inline BlockchainOptions with_all_validators() {
    return {.profile = test_profile(), .own_validators = all_validators(), .is_aggregator = true};
}

class TestChain {
  public:
    explicit TestChain(BlockchainOptions options = with_all_validators())
        : TestChain(std::move(options), storage::MemoryDisk{}) {}
    /// Resumes what is on `from`, or begins at genesis. The clock shows genesis.
    TestChain(BlockchainOptions options, storage::MemoryDisk from, UnixMs now = kGenesisTime * 1000)
        : disk(std::move(from)), clock(now), chain_(open(std::move(options))) {}

    Blockchain& chain() { return *chain_; }
    std::shared_ptr<const network_api::ChainView> view() const { return view_.get(); }

    /// Moves the clock to `slot` and phase `phase`, ticking at each interval on the way.
    void go_to(std::uint64_t slot, std::uint64_t phase = 0) {
        const UnixMs end = kGenesisTime * 1000 + (slot * 5 + phase) * 800;
        while (clock.unix_ms() < end) {
            const auto left = std::chrono::milliseconds{end - clock.unix_ms()};
            clock.advance(std::min<Duration>(chain_->wait(), left));
            chain_->tick();
            run();
        }
        chain_->tick();
        run();
    }
    /// Carries out effects until there are none; those for which `holds` holds go to `held`.
    void run() {
        while (true) {
            std::vector<Effect> effects = chain_->take_effects();
            if (effects.empty()) return;
            for (Effect& effect : effects) {
                if (holds && holds(effect)) {
                    held.push_back(std::move(effect));
                } else {
                    perform(std::move(effect));
                }
            }
        }
    }
    /// Carries one effect out, and what follows from it.
    void release(Effect effect) {
        perform(std::move(effect));
        run();
    }
    /// Does all work that waits.
    void work() {
        while (chain_->has_work()) chain_->work();
        run();
    }
    template <class M>
    void receive(M message) {
        chain_->receive(std::move(message));
        run();
    }
    /// Receives a block as if it had been heard from `peer`, and does the work that follows.
    void hear(const SignedBlock& block,
              network_api::BlockSource source = network_api::BlockSource::gossip) {
        receive(network_api::NewBlock{network_api::VerifiedForTests::block(block), "peer", source});
    }

    /// The held effects of one type, taken.
    template <class E>
    std::vector<E> take_held() {
        std::vector<E> taken;
        std::erase_if(held, [&](Effect& effect) {
            auto* found = std::get_if<E>(&effect);
            if (found != nullptr) taken.push_back(std::move(*found));
            return found != nullptr;
        });
        return taken;
    }
    template <class E>
    static bool is(const Effect& effect) {
        return std::holds_alternative<E>(effect);
    }

    storage::MemoryDisk disk;
    ManualClock clock;
    Metrics registry;
    BlockchainMetrics metrics{registry};

    std::function<bool(const Effect&)> holds;
    std::vector<Effect> held;

    /// What went to the network.
    std::vector<SignedBlock> blocks;
    std::vector<SignedAttestation> votes;
    std::vector<SignedAggregatedAttestation> aggregates;
    std::vector<Root> fetches;
    std::vector<network_api::ReportPeer> reports;

    std::unique_ptr<storage::Storage> storage;
    aggregation::bundle::BundleBackend backend{aggregation::test_scheme(),
                                               {kProofSizeMax, 16},
                                               [](std::move_only_function<void()> task) { task(); },
                                               clock};

  private:
    std::unique_ptr<Blockchain> open(BlockchainOptions options) {
        storage = storage::Storage::open(disk.open("test").value(),
                                         {.network_profile = options.profile.name,
                                          .genesis_time = kGenesisTime,
                                          .registry_root = {}})
                      .value();
        auto store = resume_chain(*storage, options.profile).value();
        if (!store) store = begin_chain(*storage, test_genesis()).value();
        return std::make_unique<Blockchain>(
            std::move(options), *std::move(store), *storage, backend, clock, metrics, view_);
    }

    void perform(Effect effect) {
        std::visit([&](auto& what) { perform_one(std::move(what)); }, effect);
    }
    void perform_one(network_api::OwnBlock own) {
        chain_->receive(
            network_api::NewBlock{network_api::VerifiedForTests::block(std::move(own.block)),
                                  "",
                                  network_api::BlockSource::own});
    }
    void perform_one(network_api::OwnAttestation own) {
        chain_->receive(network_api::NewAttestation{
            network_api::VerifiedForTests::attestation(std::move(own.attestation)), ""});
    }
    void perform_one(network_api::OwnAggregatedAttestation own) {
        chain_->receive(network_api::NewAggregatedAttestation{
            network_api::VerifiedForTests::aggregate(std::move(own.attestation)), ""});
    }
    void perform_one(network_api::PublishBlock message) { blocks.push_back(*message.block); }
    void perform_one(network_api::PublishAttestation message) {
        votes.push_back(std::move(message.attestation));
    }
    void perform_one(network_api::PublishAggregatedAttestation message) {
        aggregates.push_back(std::move(message.attestation));
    }
    void perform_one(network_api::FetchBlock message) { fetches.push_back(message.root); }
    void perform_one(network_api::ReportPeer message) { reports.push_back(std::move(message)); }
    void perform_one(SignJob job) {
        SignResults results;
        for (const validator::SignRequest& request : job.requests) {
            results.push_back(Signature{key_of(request.validator_index, request.role)
                                            .sign(request.slot.value % 32, request.message.bytes)
                                            .value()});
        }
        chain_->on_signed(job.id, std::move(results));
    }
    void perform_one(AggregateJob job) {
        backend.submit(std::move(job.job), {}, [&](auto result) {
            chain_->on_aggregated(job.id, std::move(result));
        });
    }
    void perform_one(MergeJob job) {
        backend.submit(std::move(job.job), {}, [&](auto result) {
            chain_->on_merged(job.id, std::move(result));
        });
    }

    network_api::ChainViewSnapshot view_{std::make_shared<const network_api::ChainView>()};
    std::unique_ptr<Blockchain> chain_;
};

/// The blocks of a chain that all validators build until `slot`, in order; slots from 1 on.
inline std::vector<SignedBlock> blocks_until(std::uint64_t slot) {
    TestChain builder;
    builder.go_to(slot, 1);
    return builder.blocks;
}

}  // namespace lepton::blockchain::test
