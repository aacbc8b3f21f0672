// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/range_sync.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <vector>

namespace lepton::p2p {

using libp2p::PeerId;
using network_api::ChainView;

void RangeSync::set_peer_head(const PeerId& peer, Slot head) {
    heads_.insert_or_assign(peer, head);
}

void RangeSync::peer_disconnected(const PeerId& peer, Time now) {
    heads_.erase(peer);
    blamed_.erase(peer);
    const auto* waiting = std::get_if<InFlight>(&state_);
    if (waiting != nullptr && waiting->request.peer == peer) failed(waiting->request.id, now);
}

std::optional<RangeRequest> RangeSync::next(const ChainView& view, Time now) {
    wake_at_.reset();
    if (forgive_at_ && *forgive_at_ <= now) {
        blamed_.clear();
        forgive_at_.reset();
    }
    if (std::holds_alternative<InFlight>(state_)) return std::nullopt;
    auto* importing = std::get_if<Importing>(&state_);
    if (importing != nullptr && !look(*importing, view, now)) return std::nullopt;
    return start(view.head.slot, now);
}

bool RangeSync::look(Importing& importing, const ChainView& view, Time now) {
    const auto is_imported = [&view](const Checkpoint& block) {
        return block.slot <= view.latest_finalized.slot || view.find(block.root) != nullptr;
    };
    const auto imported =
        static_cast<std::size_t>(std::ranges::count_if(importing.blocks, is_imported));
    if (imported == importing.blocks.size()) {
        cursor_ = importing.blocks.back().slot + 1;
        cursor_peer_.reset();
        state_ = Idle{};
        return true;
    }
    if (imported > importing.imported) importing.deadline = now + kRangeImportTime;
    importing.imported = imported;
    importing.look_at = now + kRangeLookInterval;
    if (now < importing.deadline) return false;
    blame(importing.peer, now);
    state_ = Idle{};
    return true;
}

std::optional<RangeRequest> RangeSync::start(Slot own_head, Time now) {
    std::vector<PeerId> candidates;
    for (const auto& [peer, head] : heads_) {
        const bool is_ahead = head.value >= kRangeSlotsMin && head - kRangeSlotsMin >= own_head;
        if (is_ahead && !blamed_.contains(peer)) candidates.push_back(peer);
    }
    if (candidates.empty()) {
        reset_cursor();
        return std::nullopt;
    }
    if (now < paced_until_) {
        wake_at_ = paced_until_;
        return std::nullopt;
    }
    if (cursor_peer_ && !std::ranges::binary_search(candidates, *cursor_peer_)) reset_cursor();
    const PeerId peer =
        cursor_peer_ ? *cursor_peer_
                     : candidates[static_cast<std::size_t>(random_.below(candidates.size()))];
    const Slot head = heads_.at(peer);
    const Slot first = std::max(own_head + 1, cursor_);
    if (first > head) {
        // It said that it has a head there, and that there is nothing up to it.
        reset_cursor();
        blame(peer, now);
        return start(own_head, now);
    }
    paced_until_ = now + kRangeRequestInterval;
    state_ = InFlight{{++last_id_, peer, first, std::min(batch_, head - first + 1)}};
    return std::get<InFlight>(state_).request;
}

void RangeSync::reset_cursor() {
    cursor_ = Slot{};
    cursor_peer_.reset();
    batch_ = kRangeBatch;
}

void RangeSync::delivered(std::uint64_t id, std::vector<Checkpoint> blocks, Time now) {
    const RangeRequest* request = in_flight(id);
    if (request == nullptr) return;
    LEPTON_ASSERT(!blocks.empty());
    const PeerId peer = request->peer;
    reset_cursor();
    state_ = Importing{peer, std::move(blocks), 0, now + kRangeImportTime, now};
}

void RangeSync::empty(std::uint64_t id) {
    const RangeRequest* request = in_flight(id);
    if (request == nullptr) return;
    cursor_ = request->start + request->count;
    cursor_peer_ = request->peer;
    batch_ = std::min(batch_ * 4, kRangeEmptyBatchMax);
    state_ = Idle{};
}

void RangeSync::failed(std::uint64_t id, Time now) {
    const RangeRequest* request = in_flight(id);
    if (request == nullptr) return;
    blame(request->peer, now);
    reset_cursor();
    state_ = Idle{};
}

std::optional<Time> RangeSync::next_due() const {
    if (const auto* importing = std::get_if<Importing>(&state_)) return importing->look_at;
    if (std::holds_alternative<InFlight>(state_)) return std::nullopt;
    if (forgive_at_ && wake_at_) return std::min(*forgive_at_, *wake_at_);
    return forgive_at_ ? forgive_at_ : wake_at_;
}

void RangeSync::blame(const PeerId& peer, Time now) {
    if (heads_.contains(peer)) blamed_.insert(peer);
    if (!forgive_at_) forgive_at_ = now + kRangeForgiveTime;
}

const RangeRequest* RangeSync::in_flight(std::uint64_t id) const {
    const auto* waiting = std::get_if<InFlight>(&state_);
    return waiting != nullptr && waiting->request.id == id ? &waiting->request : nullptr;
}

}  // namespace lepton::p2p
