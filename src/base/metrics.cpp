// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace lepton {

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

Histogram& Metrics::histogram(const std::string& name,
                              const std::string& help,
                              const std::vector<double>& buckets,
                              const Labels& labels) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels,
                                                                                      buckets);
}

void Metrics::add(std::weak_ptr<const prometheus::Collectable> source) {
    const std::lock_guard lock(mutex_);
    std::erase_if(sources_, [](const auto& each) { return each.expired(); });
    sources_.push_back(std::move(source));
}

std::string Metrics::text() const {
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    const auto sources = [this] {
        const std::lock_guard lock(mutex_);
        return sources_;
    }();
    for (const auto& weak : sources) {
        const auto source = weak.lock();
        if (!source) continue;
        for (prometheus::MetricFamily& family : source->Collect()) {
            const auto same =
                std::ranges::find(families, family.name, &prometheus::MetricFamily::name);
            if (same == families.end()) {
                families.push_back(std::move(family));
            } else {
                std::ranges::move(family.metric, std::back_inserter(same->metric));
            }
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace lepton
