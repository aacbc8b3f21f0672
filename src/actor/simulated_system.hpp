// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One System on a Simulator of its own, for tests of actors.
#pragma once

#include "actor/simulator.hpp"
#include "actor/system.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace lepton::actor {

struct SimulatedSystem {
    explicit SimulatedSystem(std::uint64_t seed = 1, SupervisorSpec root = {})
        : simulator({.seed = seed}),
          random(seed),
          system({.control = simulator,
                  .offload = simulator,
                  .random = random,
                  .root = std::move(root)}) {}

    ChildSpec child(std::string name, Restart restart = Restart::permanent) {
        return {.name = std::move(name), .scheduler = simulator, .restart = restart};
    }
    /// Spawns an actor and lets it start.
    template <class A, class F>
    ActorRef<A> spawn(std::string name, F factory) {
        auto actor = system.spawn<A>(child(std::move(name)), std::move(factory));
        simulator.run_ready();
        return actor;
    }
    /// Returns the counters of the actor or supervisor `name`; the default when there is none.
    CellSnapshot snapshot_of(std::string_view name) const {
        for (CellSnapshot& cell : system.snapshot())
            if (cell.name == name) return std::move(cell);
        return {};
    }

    Simulator simulator;
    SeededRandom random;
    System system;
};

}  // namespace lepton::actor
