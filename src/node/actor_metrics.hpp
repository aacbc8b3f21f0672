// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What /metrics says of the actors: one family for each counter of the actor kit, made from a
// snapshot when it is read, so that counting costs the actors nothing more. Labels are names of
// actors and of message types, which are fixed. Any thread.
#pragma once

#include "actor/system.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

namespace lepton::node {

class ActorMetrics final : public prometheus::Collectable {
  public:
    /// `system` must outlive this object.
    explicit ActorMetrics(const actor::System& system) : system_(system) {}

    /// Cost: System::snapshot() and about fifty lines for each class of messages.
    std::vector<prometheus::MetricFamily> Collect() const override;

  private:
    const actor::System& system_;
};

}  // namespace lepton::node
