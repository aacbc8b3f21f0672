// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "sim_node.hpp"

#include "base/assert.hpp"
#include "base/guarded_clock.hpp"
#include "blockchain/open_chain.hpp"
#include "libp2p/identity.hpp"
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

}  // namespace

const ValidatorKeys& keys_of(std::size_t index) {
    static std::deque<ValidatorKeys> made;
    const auto& scheme = crypto::signature_scheme(crypto::SchemeId::leansig_test);
    while (made.size() <= index) {
        SeededRandom random{0x6e70000 + made.size()};
        auto attestation =
            scheme.generate(random, 0, scheme.lifetime_slots(), crypto::run_in_order, {});
        auto proposal =
            scheme.generate(random, 0, scheme.lifetime_slots(), crypto::run_in_order, {});
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
        : clock(node.machine_.clock()),
          net_random(node.random_.next_u64()),
          pool_random(node.random_.next_u64()),
          supervisor_random(node.random_.next_u64()),
          storage(std::move(opened)) {}

    /// As in a real process: it does not believe a step of the machine's clock at once.
    GuardedClock clock;
    Metrics metrics;
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
                 const SimWorld& world,
                 std::vector<libp2p::Multiaddr> peers,
                 std::vector<ValidatorIndex> validators)
    : number_(number),
      name_(fmt::format("node_{}", number)),
      world_(world),
      bootnodes_(std::move(peers)),
      validators_(std::move(validators)),
      random_(world.simulator.random().next_u64()),
      machine_(world.simulator, random_.next_u64()) {
    std::erase(bootnodes_, address_of(number));
}

SimNode::~SimNode() {
    if (is_running()) crash(CrashKind::process);
}

Result<void, IoError> SimNode::start() {
    LEPTON_ASSERT(!is_running());
    ++lives_;
    chain_failures_before_ = chain_disk_.failures();
    journal_failures_before_ = journal_disk_.failures();
    const SimGenesis& genesis = world_.genesis;
    auto backend = chain_disk_.open(name_ + "/chain");
    if (!backend) return std::unexpected(IoError{backend.error().what});
    auto storage = storage::Storage::open(std::move(*backend),
                                          {.network_profile = genesis.profile.name,
                                           .genesis_time = genesis.genesis_time,
                                           .registry_root = hash_tree_root(*genesis.validators)});
    if (!storage) return std::unexpected(IoError{storage.error().what});
    auto resumed = blockchain::resume_chain(**storage, genesis.profile);
    if (!resumed) return std::unexpected(IoError{resumed.error()});
    std::optional<consensus::Store> store = std::move(*resumed);
    if (!store) {
        State state = genesis_state(genesis.genesis_time, *genesis.validators);
        SignedBlock block{.block = genesis_block(state), .proof = {}};
        auto begun = blockchain::begin_chain(**storage, {std::move(block), std::move(state)});
        if (!begun) return std::unexpected(IoError{begun.error()});
        store = std::move(*begun);
    }
    auto keys = open_keys();
    if (!keys) return std::unexpected(keys.error());

    process_ = std::make_unique<Process>(*this, std::move(*storage));
    const libp2p::Identity identity = identity_of(number_);
    node::NodeSetup setup{.p2p = {.profile = genesis.profile,
                                  .bootnodes = bootnodes_,
                                  .committee_count = 1,
                                  .validators = validators_,
                                  .is_aggregator = true,
                                  .aggregate_subnets = {},
                                  .peer_names = {}},
                          .blockchain = {.profile = genesis.profile,
                                         .own_validators = validators_,
                                         .is_aggregator = true},
                          .store = std::move(*store),
                          .keys = std::move(*keys),
                          .identity_public_key = identity.public_key_protobuf(),
                          .agent = "lepton/simulated",
                          .listen = address_of(number_)};
    const node::NodeWorld world{
        .net = machine_,
        .pool = machine_,
        .chain = machine_,
        .offload = machine_,
        .background = machine_,
        .verifier_jobs_max = SimMachine::kProcessors,
        .scheme = world_.scheme,
        .clock = process_->clock,
        .reactor = machine_,
        .net_random = process_->net_random,
        .pool_random = process_->pool_random,
        .supervisor_random = process_->supervisor_random,
        .metrics = process_->metrics,
        .storage = *process_->storage,
        .make_transport = [this, public_key = identity.public_key_protobuf()] {
            return world_.network.add_endpoint(machine_, public_key, address_of(number_).ip);
        }};
    process_->assembly = std::make_unique<node::Assembly>(std::move(setup), world);
    return {};
}

Result<std::shared_ptr<blockchain::KeyRoom>, IoError> SimNode::open_keys() {
    if (validators_.empty()) return nullptr;
    validator::KeyStore keys;
    const auto add = [&](ValidatorIndex index,
                         validator::Role role,
                         const Bytes& public_key,
                         const Bytes& secret_key) {
        auto signer = world_.scheme.load_secret_key(public_key, secret_key);
        LEPTON_ASSERT(signer.has_value());
        keys.add(index, role, std::move(*signer));
    };
    for (const ValidatorIndex index : validators_) {
        const ValidatorKeys& files = keys_of(static_cast<std::size_t>(index.value));
        add(index,
            validator::Role::attestation,
            files.attestation_public_key,
            files.attestation_secret_key);
        add(index, validator::Role::proposal, files.proposal_public_key, files.proposal_secret_key);
    }
    auto file = journal_disk_.open(name_ + "/signing_journal");
    if (!file) return std::unexpected(file.error());
    const SimGenesis& genesis = world_.genesis;
    const UnixMs genesis_ms = genesis.genesis_time * 1000;
    const UnixMs now = machine_.clock().unix_ms();
    const Slot safe_slot{
        now < genesis_ms ? 0 : (now - genesis_ms) / genesis.profile.milliseconds_per_slot() + 1};
    auto journal = validator::SigningJournal::open(std::move(*file), random_, safe_slot);
    if (!journal) return std::unexpected(journal.error());
    return std::make_shared<blockchain::KeyRoom>(std::move(keys), std::move(*journal));
}

void SimNode::crash(CrashKind kind) {
    LEPTON_ASSERT(is_running());
    world_.network.crash(*address_of(number_).peer_id);
    process_->assembly->system().kill();
    machine_.clear();
    process_.reset();
    machine_.clear();
    if (kind == CrashKind::power) {
        journal_disk_.cut_power(random_);
    } else {
        journal_disk_.kill();
    }
}

std::shared_ptr<const network_api::ChainView> SimNode::view() const {
    LEPTON_ASSERT(is_running());
    return process_->assembly->chain_view().get();
}

std::optional<actor::Exit> SimNode::exit() const {
    LEPTON_ASSERT(is_running());
    return process_->assembly->system().exit();
}

std::vector<actor::CellSnapshot> SimNode::actors() const {
    LEPTON_ASSERT(is_running());
    return process_->assembly->system().snapshot();
}

const storage::BlockReader& SimNode::blocks() const {
    LEPTON_ASSERT(is_running());
    return *process_->storage;
}

std::uint64_t SimNode::failed_chain_writes() const {
    return chain_disk_.failures() - chain_failures_before_;
}

std::uint64_t SimNode::failed_journal_writes() const {
    return journal_disk_.failures() - journal_failures_before_;
}

std::string SimNode::metrics_text() const {
    LEPTON_ASSERT(is_running());
    return process_->metrics.text();
}

}  // namespace lepton::simulation
