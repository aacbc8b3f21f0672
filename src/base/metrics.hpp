// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The metrics of one node: families by name, children by labels, Prometheus text. One Metrics
// object per node (so that many nodes fit in one process); safe from any thread. Hold the returned
// reference: looking a child up takes a lock.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lepton {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

class Metrics {
  public:
    /// Returns the child of family `name` with `labels`, made on first use. It lives as long as
    /// this object.
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// `buckets`: upper bounds, ascending.
    Histogram& histogram(const std::string& name,
                         const std::string& help,
                         const std::vector<double>& buckets,
                         const Labels& labels = {});

    /// Adds families that are made when they are read. `source` is asked until it is destroyed;
    /// its Collect() is called by any thread. Families of the same name become one.
    void add(std::weak_ptr<const prometheus::Collectable> source);

    /// Returns every family in the Prometheus text format 0.0.4.
    std::string text() const;

  private:
    prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<const prometheus::Collectable>> sources_;
};

}  // namespace lepton
