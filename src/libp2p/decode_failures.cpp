// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/decode_failures.hpp"

#include <algorithm>

namespace lepton::libp2p {

std::shared_ptr<DecodeFailures> DecodeFailures::make(Metrics& metrics) {
    std::shared_ptr<DecodeFailures> made(new DecodeFailures);
    metrics.add(made);
    return made;
}

void DecodeFailures::count(const PeerId& peer, std::string_view protocol, std::string_view reason) {
    const std::lock_guard lock(mutex_);
    if (!peers_.contains(peer) && peers_.size() == kPeersMax) {
        const auto oldest =
            std::ranges::min_element(peers_, {}, [](const auto& each) { return each.second.last; });
        for (const auto& [what, count] : oldest->second.counts) others_[what] += count;
        peers_.erase(oldest);
    }
    Entry& entry = peers_[peer];
    ++entry.counts[{std::string(protocol), std::string(reason)}];
    entry.last = ++last_;
}

std::vector<prometheus::MetricFamily> DecodeFailures::Collect() const {
    prometheus::MetricFamily family{"lepton_peer_decode_failures_total",
                                    "What a peer sent that could not be decoded",
                                    prometheus::MetricType::Counter,
                                    {}};
    const auto add = [&family](const std::string& peer, const Counts& counts) {
        for (const auto& [what, count] : counts) {
            prometheus::ClientMetric metric;
            metric.label = {{"peer", peer}, {"protocol", what.first}, {"reason", what.second}};
            metric.counter.value = static_cast<double>(count);
            family.metric.push_back(std::move(metric));
        }
    };
    const std::lock_guard lock(mutex_);
    for (const auto& [peer, entry] : peers_) add(peer.to_base58(), entry.counts);
    add("other", others_);
    return {std::move(family)};
}

}  // namespace lepton::libp2p
