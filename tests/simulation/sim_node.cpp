// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_node.hpp"

#include "base/assert.hpp"
#include "blockchain/open_chain.hpp"
#include "libp2p/identity.hpp"
#include "p2p/simulator_reactor.hpp"
#include "types/genesis.hpp"

#include <fmt/format.h>

#include <deque>

namespace lepton::simulation {
namespace {

/// The identity of node `number`, the same in every run.
libp2p::Identity identity_of(std::size_t number) {
    SeededRandom random{0x1d0000 + number};
    return libp2p::Identity::generate(random);
}

const crypto::SignatureScheme& scheme() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_test);
}

std::unique_ptr<crypto::Signer> load(const Bytes& public_key, const Bytes& secret_key) {
    auto signer = scheme().load_secret_key(public_key, secret_key);
    LEPTON_ASSERT(signer.has_value());
    return std::move(*signer);
}

}  // namespace

const ValidatorKeys& keys_of(std::size_t index) {
    static std::deque<ValidatorKeys> made;
    while (made.size() <= index) {
        SeededRandom random{0x6e70000 + made.size()};
        auto attestation =
            scheme().generate(random, 0, scheme().lifetime_slots(), crypto::run_in_order, {});
        auto proposal =
            scheme().generate(random, 0, scheme().lifetime_slots(), crypto::run_in_order, {});
        LEPTON_ASSERT(attestation.has_value() && proposal.has_value());
        made.push_back({attestation->public_key,
                        attestation->secret_key_ssz,
                        proposal->public_key,
                        proposal->secret_key_ssz});
    }
    return made[index];
}

struct SimNode::Process {
    Process(SimNode& node, std::unique_ptr<storage::Storage> opened)
        : reactor(node.simulator_),
          net_random(node.random_.next_u64()),
          pool_random(node.random_.next_u64()),
          supervisor_random(node.random_.next_u64()),
          storage(std::move(opened)) {}

    Metrics metrics;
    p2p::SimulatorReactor reactor;
    SeededRandom net_random;
    SeededRandom pool_random;
    SeededRandom supervisor_random;
    std::unique_ptr<storage::Storage> storage;
    std::unique_ptr<node::Assembly> assembly;
};

libp2p::Multiaddr SimNode::address_of(std::size_t number) {
    return {.ip = Bytes{10,
                        0,
                        static_cast<std::uint8_t>(number / 250),
                        static_cast<std::uint8_t>(number % 250 + 1)},
            .udp_port = 9000,
            .peer_id = identity_of(number).peer_id()};
}

SimNode::SimNode(std::size_t number,
                 actor::Simulator& simulator,
                 libp2p::SimNetwork& network,
                 const SimGenesis& genesis,
                 std::vector<libp2p::Multiaddr> bootnodes,
                 std::vector<ValidatorIndex> validators)
    : number_(number),
      name_(fmt::format("node_{}", number)),
      simulator_(simulator),
      network_(network),
      genesis_(genesis),
      bootnodes_(std::move(bootnodes)),
      validators_(std::move(validators)),
      random_(simulator.random().next_u64()) {
    std::erase(bootnodes_, address_of(number));
}

SimNode::~SimNode() = default;

void SimNode::start() {
    LEPTON_ASSERT(!is_running());
    auto backend = chain_disk_.open(name_ + "/chain");
    LEPTON_ASSERT(backend.has_value());
    auto storage = storage::Storage::open(std::move(*backend),
                                          {.network_profile = genesis_.profile.name,
                                           .genesis_time = genesis_.genesis_time,
                                           .registry_root = hash_tree_root(*genesis_.validators)});
    LEPTON_ASSERT(storage.has_value());
    process_ = std::make_unique<Process>(*this, std::move(*storage));

    auto resumed = blockchain::resume_chain(*process_->storage, genesis_.profile);
    LEPTON_ASSERT(resumed.has_value());
    std::optional<consensus::Store> store = std::move(*resumed);
    if (!store) {
        State state = genesis_state(genesis_.genesis_time, *genesis_.validators);
        SignedBlock block{.block = genesis_block(state), .proof = {}};
        auto begun =
            blockchain::begin_chain(*process_->storage, {std::move(block), std::move(state)});
        LEPTON_ASSERT(begun.has_value());
        store = std::move(*begun);
    }

    validator::KeyStore keys;
    for (const ValidatorIndex index : validators_) {
        const ValidatorKeys& files = keys_of(static_cast<std::size_t>(index.value));
        keys.add(index,
                 validator::Role::attestation,
                 load(files.attestation_public_key, files.attestation_secret_key));
        keys.add(index,
                 validator::Role::proposal,
                 load(files.proposal_public_key, files.proposal_secret_key));
    }
    std::shared_ptr<blockchain::KeyRoom> key_room;
    if (!validators_.empty()) {
        auto file = journal_disk_.open(name_ + "/signing_journal");
        LEPTON_ASSERT(file.has_value());
        const UnixMs genesis_ms = genesis_.genesis_time * 1000;
        const UnixMs now = simulator_.clock().unix_ms();
        const Slot safe_slot{
            now < genesis_ms ? 0
                             : (now - genesis_ms) / genesis_.profile.milliseconds_per_slot() + 1};
        auto journal = validator::SigningJournal::open(std::move(*file), random_, safe_slot);
        LEPTON_ASSERT(journal.has_value());
        key_room = std::make_shared<blockchain::KeyRoom>(std::move(keys), std::move(*journal));
    }

    const libp2p::Identity identity = identity_of(number_);
    node::NodeSetup setup{.p2p = {.profile = genesis_.profile,
                                  .bootnodes = bootnodes_,
                                  .committee_count = 1,
                                  .validators = validators_,
                                  .is_aggregator = true,
                                  .aggregate_subnets = {},
                                  .peer_names = {}},
                          .blockchain = {.profile = genesis_.profile,
                                         .own_validators = validators_,
                                         .is_aggregator = true},
                          .store = std::move(*store),
                          .keys = std::move(key_room),
                          .identity_public_key = identity.public_key_protobuf(),
                          .agent = "lepton/simulated",
                          .listen = address_of(number_)};
    const node::NodeWorld world{
        .net = simulator_,
        .pool = simulator_,
        .chain = simulator_,
        .offload = simulator_,
        .background = simulator_,
        .verifier_jobs_max = 2,
        .clock = simulator_.clock(),
        .reactor = process_->reactor,
        .net_random = process_->net_random,
        .pool_random = process_->pool_random,
        .supervisor_random = process_->supervisor_random,
        .metrics = process_->metrics,
        .storage = *process_->storage,
        .make_transport = [this, public_key = identity.public_key_protobuf()] {
            return network_.add_endpoint(process_->reactor, public_key, address_of(number_).ip);
        }};
    process_->assembly = std::make_unique<node::Assembly>(std::move(setup), world);
}

void SimNode::crash() {
    LEPTON_ASSERT(is_running());
    network_.crash(*address_of(number_).peer_id);
    process_->assembly->system().kill();
    process_.reset();
    journal_disk_.kill();
}

std::shared_ptr<const network_api::ChainView> SimNode::view() const {
    LEPTON_ASSERT(is_running());
    return process_->assembly->chain_view().get();
}

std::optional<actor::Exit> SimNode::exit() const {
    return process_->assembly->system().exit();
}

std::string SimNode::metrics_text() const {
    return process_->metrics.text();
}

}  // namespace lepton::simulation
