// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One node of a simulated network: the real actors on the simulator's time, network and disks. The
// disks outlive the node's process, so that it can crash and come back. One thread.
#pragma once

#include "actor/simulator.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "libp2p/simulation/sim_network.hpp"
#include "node/assembly.hpp"
#include "storage/memory/memory_backend.hpp"
#include "validator/key_store.hpp"
#include "validator/simulated_journal_file.hpp"

#include <functional>
#include <memory>
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

class SimNode {
  public:
    /// `bootnodes`: the addresses of all nodes; validators: those of this node.
    SimNode(std::size_t number,
            actor::Simulator& simulator,
            libp2p::SimNetwork& network,
            const SimGenesis& genesis,
            std::vector<libp2p::Multiaddr> bootnodes,
            std::vector<ValidatorIndex> validators);
    ~SimNode();

    /// Starts the process on what its disks have. Requires that it does not run.
    void start();
    /// Ends the process as kill -9 does: nobody is told, unsynced writes are lost.
    void crash();
    bool is_running() const { return process_ != nullptr; }

    /// Returns the view of the chain that the running node published last.
    std::shared_ptr<const network_api::ChainView> view() const;
    /// Returns how the node ended; nothing while it runs.
    std::optional<actor::Exit> exit() const;
    const std::string& name() const { return name_; }
    std::string metrics_text() const;

    /// The address and peer id of node `number`.
    static libp2p::Multiaddr address_of(std::size_t number);

  private:
    /// What a crash takes along.
    struct Process;

    std::size_t number_;
    std::string name_;
    actor::Simulator& simulator_;
    libp2p::SimNetwork& network_;
    const SimGenesis& genesis_;
    std::vector<libp2p::Multiaddr> bootnodes_;
    std::vector<ValidatorIndex> validators_;
    SeededRandom random_;
    storage::MemoryDisk chain_disk_;
    validator::SimulatedDisk journal_disk_;
    std::unique_ptr<Process> process_;
};

}  // namespace lepton::simulation
