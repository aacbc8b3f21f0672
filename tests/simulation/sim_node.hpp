// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One node of a simulated network: the real actors on a machine of its own, and simulated network
// and disks. The disks outlive the node's process, so that it can crash and come back. One thread.
#pragma once

#include "actor/simulator.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "blockchain/key_room.hpp"
#include "crypto/signature_scheme.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "node/assembly.hpp"
#include "sim_machine.hpp"
#include "storage/memory/memory_backend.hpp"
#include "validator/key_store.hpp"
#include "validator/simulated_journal_file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lepton::simulation {

/// The key files of one validator: what would be in hash-sig-keys/.
struct ValidatorKeys {
    Bytes attestation_public_key;
    Bytes attestation_secret_key;
    Bytes proposal_public_key;
    Bytes proposal_secret_key;
};

/// Returns the keys of validator `index`, the same in every run; all 256 slots of the test scheme.
const ValidatorKeys& keys_of(std::size_t index);

/// What all nodes of a network know.
struct SimGenesis {
    NetworkProfile profile;
    /// Unix seconds.
    std::uint64_t genesis_time = 0;
    std::shared_ptr<const Validators> validators;
};

/// What all nodes of a network share. Outlives them.
struct SimWorld {
    actor::Simulator& simulator;
    libp2p::SimNetwork& network;
    const SimGenesis& genesis;
    const crypto::SignatureScheme& scheme;
};

/// What a node's end leaves on its disks.
enum class CrashKind : std::uint8_t {
    process,  ///< kill -9: everything that was written
    power,    ///< what was synced; each other write is kept, lost or torn
};

class SimNode {
  public:
    /// `peers`: the addresses of all nodes; `validators`: those of this node.
    SimNode(std::size_t number,
            const SimWorld& world,
            std::vector<libp2p::Multiaddr> peers,
            std::vector<ValidatorIndex> validators);
    ~SimNode();

    /// Starts the process on what its disks have. Requires that it does not run.
    /// Errors: it cannot use its disks
    Result<void, IoError> start();
    /// Ends the process at once: nobody is told.
    void crash(CrashKind kind);
    bool is_running() const { return process_ != nullptr; }
    /// Returns how often it was started.
    std::uint64_t lives() const { return lives_; }

    /// Returns the view of the chain that the running node published last.
    std::shared_ptr<const network_api::ChainView> view() const;
    /// Returns how the node ended; nothing while it runs.
    std::optional<actor::Exit> exit() const;
    /// Returns the counters of its actors.
    std::vector<actor::CellSnapshot> actors() const;
    const storage::BlockReader& blocks() const;
    /// Returns how many writes failed in this life.
    std::uint64_t failed_chain_writes() const;
    std::uint64_t failed_journal_writes() const;
    std::size_t number() const { return number_; }
    const std::string& name() const { return name_; }
    std::string metrics_text() const;

    SimMachine& machine() { return machine_; }
    const SimMachine& machine() const { return machine_; }
    storage::MemoryDisk& chain_disk() { return chain_disk_; }
    validator::SimulatedDisk& journal_disk() { return journal_disk_; }

    /// The address and peer id of node `number`.
    static libp2p::Multiaddr address_of(std::size_t number);

  private:
    /// What a crash takes along.
    struct Process;

    Result<std::shared_ptr<blockchain::KeyRoom>, IoError> open_keys();

    std::size_t number_;
    std::string name_;
    SimWorld world_;
    std::vector<libp2p::Multiaddr> bootnodes_;
    std::vector<ValidatorIndex> validators_;
    SeededRandom random_;
    SimMachine machine_;
    storage::MemoryDisk chain_disk_;
    validator::SimulatedDisk journal_disk_;
    std::unique_ptr<Process> process_;
    std::uint64_t lives_ = 0;
    /// Of the disks, when this life began.
    std::uint64_t chain_failures_before_ = 0;
    std::uint64_t journal_failures_before_ = 0;
};

}  // namespace lepton::simulation
