// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/admission.hpp"

#include "base/assert.hpp"

namespace lepton::libp2p {

Admission AdmissionControl::start(const IpAddress& ip, bool is_validated, Time now) {
    if (half_open_ >= limits::kHalfOpenMax) return Admission::half_open_full;
    if (!is_validated && half_open_ >= limits::kRetryHalfOpen) return Admission::retry;

    const IpAddress key = network_prefix(ip);
    auto found = prefixes_.find(key);
    if (found != prefixes_.end()) {
        if (found->second.half_open >= limits::kHalfOpenPerPrefixMax) return Admission::prefix_full;
        // A spoofed source must not use up what belongs to the network it names.
        if (!found->second.handshakes.can_take(now)) {
            return is_validated ? Admission::prefix_too_fast : Admission::retry;
        }
    }
    if (!is_validated && !unproven_.take(now)) return Admission::retry;
    if (found == prefixes_.end() && prefixes_.size() >= limits::kPrefixesMax) {
        sweep(now);
        if (prefixes_.size() >= limits::kPrefixesMax) return Admission::too_fast;
    }
    if (!handshakes_.take(now)) return Admission::too_fast;

    if (found == prefixes_.end()) {
        found = prefixes_.emplace(key, Prefix{}).first;
    }
    found->second.handshakes.take(now);
    ++found->second.half_open;
    ++half_open_;
    return Admission::accept;
}

void AdmissionControl::finish(const IpAddress& ip, Time now) {
    const auto found = prefixes_.find(network_prefix(ip));
    LEPTON_ASSERT(found != prefixes_.end() && found->second.half_open > 0 && half_open_ > 0);
    --half_open_;
    --found->second.half_open;
    if (found->second.half_open == 0 && found->second.handshakes.is_full(now)) {
        prefixes_.erase(found);
    }
}

void AdmissionControl::sweep(Time now) {
    std::erase_if(prefixes_, [now](const auto& entry) {
        return entry.second.half_open == 0 && entry.second.handshakes.is_full(now);
    });
}

}  // namespace lepton::libp2p
