// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/block_server.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <limits>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;

/// A peer can make a damaged record be read as often as it likes; the log hears of it once in this
/// time.
constexpr Duration kFailureLogInterval = std::chrono::minutes(1);

}  // namespace

void BlockServer::add(const InboundRequest& request, const BlocksByRootRequest& roots, Time now) {
    add(Job{request, {roots.roots.begin(), roots.roots.end()}, {}, {}}, now);
}

void BlockServer::add(const InboundRequest& request, const BlocksByRangeRequest& range, Time now) {
    if (range.count == 0 || range.count > kMaxRequestBlocks) {
        refuse(request, ResponseCode::invalid_request, "count must be 1 to 1024");
        return;
    }
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - range.start_slot.value;
    add(Job{request, {}, range.start_slot, range.start_slot + std::min(range.count, room)}, now);
}

void BlockServer::add(Job job, Time now) {
    const auto known = peers_.find(job.request.peer);
    const std::size_t own = known == peers_.end() ? 0 : known->second.jobs.size();
    if (own == kServeRequestsPerPeerMax || size_ == kServeRequestsMax) {
        refuse(job.request, ResponseCode::resource_unavailable, "too many requests");
        return;
    }
    Peer& peer =
        peers_
            .try_emplace(job.request.peer, TokenBucket(kServeBytesPerSecond, kServeBytesBurst, now))
            .first->second;
    peer.jobs.push_back(std::move(job));
    ++size_;
}

void BlockServer::refuse(const InboundRequest& request, ResponseCode code, std::string_view why) {
    refusals_.push_back({request, encode_error_chunk(code, why), true});
}

std::optional<SwarmRespond> BlockServer::next(Time now) {
    if (!refusals_.empty()) {
        SwarmRespond refusal = std::move(refusals_.front());
        refusals_.pop_front();
        return refusal;
    }
    auto at = last_served_ ? peers_.upper_bound(*last_served_) : peers_.begin();
    for (std::size_t i = 0; i < peers_.size() && in_flight_bytes_ < kServeInFlightMax; ++i, ++at) {
        if (at == peers_.end()) at = peers_.begin();
        Peer& peer = at->second;
        if (peer.jobs.empty() || peer.in_flight || peer.bytes.ready_at(now) > now) continue;
        last_served_ = at->first;
        if (auto part = step(peer, now)) return part;
    }
    return std::nullopt;
}

std::optional<SwarmRespond> BlockServer::step(Peer& peer, Time now) {
    Job& job = peer.jobs.front();
    for (std::size_t i = 0; i < kServeLookupsPerStep; ++i) {
        if (job.roots.empty() && job.next == job.end) return send(peer, {}, true);
        if (job.roots.empty()) {
            if (auto found = look_up_range(job); !found) return fail(peer, found.error(), now);
            continue;
        }
        const auto block = reader_.signed_block_bytes(job.roots.front());
        job.roots.pop_front();
        if (!block) return fail(peer, block.error(), now);
        if (!*block) continue;
        Bytes chunk = encode_response_chunk(**block);
        peer.bytes.take(static_cast<double>(chunk.size()), now);
        return send(peer, std::move(chunk), job.roots.empty() && job.next == job.end);
    }
    return std::nullopt;
}

SwarmRespond BlockServer::send(Peer& peer, Bytes bytes, bool is_last) {
    peer.in_flight = bytes.size();
    in_flight_bytes_ += bytes.size();
    peer.jobs.front().is_finished = is_last;
    return {peer.jobs.front().request, std::move(bytes), is_last};
}

std::optional<SwarmRespond> BlockServer::fail(Peer& peer, const IoError& error, Time now) {
    if (!failure_logged_at_ || now - *failure_logged_at_ >= kFailureLogInterval) {
        failure_logged_at_ = now;
        log::error("serving_block_failed peer={} what={}",
                   peer.jobs.front().request.peer.to_base58(),
                   log::quoted(error.what));
    }
    return send(peer, encode_error_chunk(ResponseCode::server_error, "database error"), true);
}

Result<void, IoError> BlockServer::look_up_range(Job& job) {
    const std::uint64_t count = std::min(kServeRangeWindow, job.end - job.next);
    const auto blocks = reader_.canonical_blocks(job.next, count);
    if (!blocks) return std::unexpected(blocks.error());
    for (const Checkpoint& block : *blocks) job.roots.push_back(block.root);
    job.next = job.next + count;
    return {};
}

void BlockServer::sent(const InboundRequest& request, bool is_taken) {
    const auto at = peers_.find(request.peer);
    if (at == peers_.end()) return;
    Peer& peer = at->second;
    if (!peer.in_flight || peer.jobs.front().request.id != request.id) return;
    in_flight_bytes_ -= *peer.in_flight;
    peer.in_flight.reset();
    if (is_taken && !peer.jobs.front().is_finished) return;
    peer.jobs.pop_front();
    --size_;
}

void BlockServer::peer_disconnected(const PeerId& peer) {
    const auto at = peers_.find(peer);
    if (at == peers_.end()) return;
    in_flight_bytes_ -= at->second.in_flight.value_or(0);
    size_ -= at->second.jobs.size();
    peers_.erase(at);
}

std::optional<Time> BlockServer::next_due(Time now) const {
    if (!refusals_.empty()) return now;
    std::optional<Time> due;
    if (in_flight_bytes_ >= kServeInFlightMax) return due;
    for (const auto& [id, peer] : peers_) {
        if (peer.jobs.empty() || peer.in_flight) continue;
        const Time ready = peer.bytes.ready_at(now);
        if (!due || ready < *due) due = ready;
    }
    return due;
}

}  // namespace lepton::p2p
