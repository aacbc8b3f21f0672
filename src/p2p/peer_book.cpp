// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/peer_book.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

using libp2p::Multiaddr;
using libp2p::PeerId;

Duration redial_delay(unsigned failures) {
    Duration delay = kRedialMin;
    for (unsigned i = 1; i < failures && delay < kRedialMax; ++i) delay *= 2;
    return std::min(delay, kRedialMax);
}

}  // namespace

void PeerBook::add_static(const Multiaddr& address, Time now) {
    LEPTON_ASSERT(address.peer_id.has_value());
    const PeerId& id = *address.peer_id;
    Peer& peer = get(id, now);
    if (peer.address) return;
    peer.address = address;
    ++static_count_;
    if (peer.state == State::idle) {
        peer.state = State::backoff;
        peer.due = now;
        due_.emplace(now, id);
    }
}

std::optional<Multiaddr> PeerBook::next_dial(Time now) {
    if (dialling_count_ == kDialsMax || due_.empty() || due_.begin()->first > now) {
        return std::nullopt;
    }
    const auto at = peers_.find(due_.begin()->second);
    leave_state(at);
    at->second.state = State::dialling;
    ++dialling_count_;
    return at->second.address;
}

void PeerBook::dial_finished(const PeerId& id, bool has_succeeded, Time now) {
    const auto at = peers_.find(id);
    if (at == peers_.end() || at->second.state != State::dialling) return;
    if (has_succeeded) {
        back_off(at, kRedialMin, now);
    } else {
        ++at->second.failures;
        back_off(at, redial_delay(at->second.failures), now);
    }
}

void PeerBook::connected(const PeerId& id, Time now) {
    get(id, now);
    const auto at = peers_.find(id);
    leave_state(at);
    at->second.state = State::connected;
    at->second.failures = 0;
    ++connected_count_;
}

void PeerBook::disconnected(const PeerId& id, Time now) {
    const auto at = peers_.find(id);
    if (at == peers_.end() || at->second.state != State::connected) return;
    if (at->second.address) {
        back_off(at, kRedialMin, now);
        return;
    }
    leave_state(at);
    at->second.state = State::idle;
    const bool has_record = points(at->second, now) < kPeerPointsMax || is_banned(id, now);
    if (!has_record) peers_.erase(at);
}

bool PeerBook::penalize(const PeerId& id, double points_lost, Time now) {
    Peer& peer = get(id, now);
    peer.points = std::max(0.0, points(peer, now) - points_lost);
    peer.points_at = now;
    if (peer.address || peer.points > kPeerPointsBan || is_banned(id, now)) return false;
    peer.banned_until = now + kBanTime;
    return true;
}

bool PeerBook::is_banned(const PeerId& id, Time now) const {
    const auto at = peers_.find(id);
    return at != peers_.end() && at->second.banned_until && now < *at->second.banned_until;
}

double PeerBook::points(const PeerId& id, Time now) const {
    const auto at = peers_.find(id);
    return at == peers_.end() ? kPeerPointsMax : points(at->second, now);
}

double PeerBook::points(const Peer& peer, Time now) {
    const double minutes =
        std::chrono::duration<double, std::ratio<60>>(now - peer.points_at).count();
    return std::min(kPeerPointsMax, peer.points + minutes * kPeerPointsPerMinute);
}

std::optional<Time> PeerBook::next_due() const {
    // With all dials in use it is the end of one that matters.
    if (due_.empty() || dialling_count_ == kDialsMax) return std::nullopt;
    return due_.begin()->first;
}

bool PeerBook::is_connected(const PeerId& id) const {
    const auto at = peers_.find(id);
    return at != peers_.end() && at->second.state == State::connected;
}

bool PeerBook::is_static(const PeerId& id) const {
    const auto at = peers_.find(id);
    return at != peers_.end() && at->second.address.has_value();
}

PeerBook::Peer& PeerBook::get(const PeerId& id, Time now) {
    const auto at = peers_.find(id);
    if (at != peers_.end()) return at->second;
    if (peers_.size() - static_count_ >= kKnownPeersMax) make_room(now);
    Peer& peer = peers_[id];
    peer.points_at = now;
    return peer;
}

void PeerBook::leave_state(Peers::iterator at) {
    const Peer& peer = at->second;
    if (peer.state == State::backoff) due_.erase({peer.due, at->first});
    if (peer.state == State::dialling) --dialling_count_;
    if (peer.state == State::connected) --connected_count_;
}

void PeerBook::back_off(Peers::iterator at, Duration delay, Time now) {
    LEPTON_ASSERT(at->second.address.has_value());
    leave_state(at);
    const auto shortened = random_.below(static_cast<std::uint64_t>(delay.count() / 4) + 1);
    at->second.state = State::backoff;
    at->second.due = now + delay - Duration{static_cast<Duration::rep>(shortened)};
    due_.emplace(at->second.due, at->first);
}

// Forgets the idle peer whose record says least: of those with the most points, the first.
void PeerBook::make_room(Time now) {
    auto least = peers_.end();
    for (auto at = peers_.begin(); at != peers_.end(); ++at) {
        if (at->second.state != State::idle) continue;
        if (least == peers_.end() || points(at->second, now) > points(least->second, now)) {
            least = at;
        }
    }
    if (least != peers_.end()) peers_.erase(least);
}

}  // namespace lepton::p2p
