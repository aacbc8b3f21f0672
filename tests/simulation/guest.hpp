// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A peer on the simulated network that is no lepton node: byzantine peers, observers. It brings its
// own endpoint and runs on the simulator. One thread.
#pragma once

#include "fault_plan.hpp"
#include "key_uses.hpp"
#include "sim_node.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace lepton::simulation {

/// What a guest is given. References outlive it.
struct GuestSetup {
    std::size_t number = 0;
    const SimWorld& world;
    KeyUses& key_uses;
    /// The addresses of the nodes, which do not know the guest: it dials them.
    std::vector<libp2p::Multiaddr> nodes;
    /// The validators whose keys it has (keys_of); KeyUses does not watch them.
    std::vector<ValidatorIndex> validators;
    /// What everything random in it is drawn from.
    std::uint64_t seed = 0;
};

class Guest {
  public:
    virtual ~Guest() = default;

    virtual libp2p::PeerId peer_id() const = 0;
    /// Called when the nodes have been started, two seconds before genesis.
    virtual void start() = 0;
    /// Called at the begin and the end of a `byzantine` fault that names this guest. Several may
    /// overlap. When faults are over the guest behaves, or is silent.
    virtual void begin(const Fault& /*fault*/) {}
    virtual void end(const Fault& /*fault*/) {}
    /// Returns how often it has done what it is there for.
    virtual std::uint64_t deeds() const { return 0; }
};

/// Makes one guest.
using GuestFactory = std::function<std::unique_ptr<Guest>(const GuestSetup&)>;

}  // namespace lepton::simulation
