// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/block_requests.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::blockchain {

void BlockRequests::set_missing(std::span<const Root> missing) {
    for (auto& [root, request] : requests_) request.is_wanted = false;
    for (const Root& root : missing) want(root);
    std::erase_if(requests_, [](const auto& entry) {
        return !entry.second.is_wanted && !entry.second.is_open;
    });
}

void BlockRequests::forget(const Root& root) {
    const auto at = requests_.find(root);
    if (at == requests_.end()) return;
    at->second.is_wanted = false;
    if (!at->second.is_open) requests_.erase(at);
}

std::vector<Root> BlockRequests::take_due(Time now) {
    std::vector<Root> due;
    for (auto& [root, request] : requests_) {
        if (open_ >= kOpenBlockRequestsMax) break;
        if (request.is_open || !request.is_wanted || request.due > now) continue;
        request.is_open = true;
        ++open_;
        due.push_back(root);
    }
    return due;
}

void BlockRequests::answered(const Root& root, network_api::FetchStatus status, Time now) {
    const auto at = requests_.find(root);
    LEPTON_ASSERT(at != requests_.end() && at->second.is_open);
    Request& request = at->second;
    request.is_open = false;
    --open_;
    if (!request.is_wanted) {
        requests_.erase(at);
        return;
    }
    if (status == network_api::FetchStatus::delivered) {
        request.due = now + slot_duration_;
        return;
    }
    const unsigned doublings = std::min(request.failures, kRequestBackoffDoublingsMax);
    ++request.failures;
    request.due = now + slot_duration_ * (1U << doublings);
}

}  // namespace lepton::blockchain
