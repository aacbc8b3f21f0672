// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/block_fetches.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;
using network_api::FetchOutcome;
using network_api::FetchStatus;

Duration backoff_after(unsigned attempts) {
    Duration backoff = kFetchBackoffMin;
    for (unsigned i = 1; i < attempts && backoff < kFetchBackoffMax; ++i) backoff *= 2;
    return std::min(backoff, kFetchBackoffMax);
}

void tell(BlockFetches::Done& done, const FetchOutcome& outcome) {
    if (done) done(outcome);
}

}  // namespace

void BlockFetches::add(const Root& root, Done done, Time now, const PeerId* preferred) {
    const auto known = entries_.find(root);
    if (known == entries_.end() && entries_.size() == kFetchesMax) {
        tell(done, {root, FetchStatus::gave_up, 0});
        return;
    }
    const auto at = known == entries_.end() ? entries_.try_emplace(root).first : known;
    Entry& entry = at->second;
    if (known == entries_.end()) {
        if (preferred != nullptr) entry.preferred = *preferred;
        wait_until(at, now);
    }
    if (done) entry.waiters.push_back(std::move(done));
    if (entry.waiters.size() > kFetchWaitersMax) {
        Done oldest = std::move(entry.waiters.front());
        entry.waiters.pop_front();
        tell(oldest, {root, FetchStatus::gave_up, entry.attempts});
    }
    check();
}

void BlockFetches::peer_connected(const PeerId& peer) {
    peers_.try_emplace(peer, 0);
}

void BlockFetches::peer_disconnected(const PeerId& peer, Time now) {
    std::vector<std::uint64_t> lost;
    for (const auto& [id, root] : attempts_) {
        if (std::get<InFlight>(entries_.at(root).state).peer == peer) lost.push_back(id);
    }
    for (const std::uint64_t id : lost) finish(id, AttemptResult::failed, now);
    peers_.erase(peer);
    check();
}

std::optional<FetchAttempt> BlockFetches::next_attempt(Time now) {
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
        stall(entries_.find(waiting_.begin()->second));
    }
    const bool has_capacity = attempts_.size() < peers_.size() * kFetchesPerPeerMax;
    for (std::size_t i = 0; has_capacity && i < stalled_.size(); ++i) {
        const auto at = entries_.find(stalled_[i]);
        if (const auto peer = choose_peer(at->second)) {
            stalled_.erase(stalled_.begin() + static_cast<std::ptrdiff_t>(i));
            return start(at, *peer);
        }
    }
    // Whatever is still stalled waits for a peer to connect or for an attempt to end.
    LEPTON_ASSERT(stalled_.empty() || peers_.empty() || !attempts_.empty());
    check();
    return std::nullopt;
}

void BlockFetches::finish(std::uint64_t id, AttemptResult result, Time now) {
    const auto attempt = attempts_.find(id);
    if (attempt == attempts_.end()) return;
    const auto at = entries_.find(attempt->second);
    Entry& entry = at->second;
    const PeerId peer = std::get<InFlight>(entry.state).peer;
    attempts_.erase(attempt);
    --peers_.at(peer);
    if (result == AttemptResult::failed) entry.failed_peers.insert(peer);
    if (result == AttemptResult::delivered) {
        end(at, FetchStatus::delivered);
    } else if (entry.attempts == kFetchAttemptsMax) {
        end(at, FetchStatus::gave_up);
    } else {
        wait_until(at, now + backoff_after(entry.attempts));
    }
    check();
}

void BlockFetches::stop() {
    while (!entries_.empty()) end(entries_.begin(), FetchStatus::stopped);
    waiting_.clear();
    stalled_.clear();
    attempts_.clear();
    for (auto& [peer, in_flight] : peers_) in_flight = 0;
}

std::optional<Time> BlockFetches::next_due() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
}

void BlockFetches::wait_until(Entries::iterator at, Time due) {
    at->second.state = Waiting{due};
    waiting_.emplace(due, at->first);
}

void BlockFetches::stall(Entries::iterator at) {
    waiting_.erase({std::get<Waiting>(at->second.state).due, at->first});
    at->second.state = Stalled{};
    stalled_.push_back(at->first);
}

// The preferred peer the first time, then one of those that have not failed for this root, then,
// when all have, any. Nothing while the peers to ask have enough requests in flight.
std::optional<PeerId> BlockFetches::choose_peer(Entry& entry) {
    if (const auto preferred = std::exchange(entry.preferred, std::nullopt)) {
        const auto peer = peers_.find(*preferred);
        if (peer != peers_.end() && peer->second < kFetchesPerPeerMax) return peer->first;
    }
    const auto has_failed = [&](const auto& peer) {
        return entry.failed_peers.contains(peer.first);
    };
    if (std::ranges::all_of(peers_, has_failed)) entry.failed_peers.clear();
    std::vector<PeerId> candidates;
    for (const auto& peer : peers_) {
        if (!has_failed(peer) && peer.second < kFetchesPerPeerMax) candidates.push_back(peer.first);
    }
    if (candidates.empty()) return std::nullopt;
    return candidates[static_cast<std::size_t>(random_.below(candidates.size()))];
}

FetchAttempt BlockFetches::start(Entries::iterator at, const PeerId& peer) {
    const std::uint64_t id = ++last_attempt_;
    at->second.state = InFlight{id, peer};
    ++at->second.attempts;
    attempts_.emplace(id, at->first);
    ++peers_.at(peer);
    check();
    return {id, at->first, peer};
}

// The entry is gone before its waiters are told: they may want the same root again.
void BlockFetches::end(Entries::iterator at, FetchStatus status) {
    auto node = entries_.extract(at);
    const FetchOutcome outcome{node.key(), status, node.mapped().attempts};
    for (Done& done : node.mapped().waiters) tell(done, outcome);
}

void BlockFetches::check() const {
    LEPTON_ASSERT(waiting_.size() + stalled_.size() + attempts_.size() == entries_.size());
}

}  // namespace lepton::p2p
