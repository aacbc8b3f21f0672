// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The part of P2p that keeps the chain complete: what peers say of their heads, and the blocks that
// are asked for, by root and by range.
#include "base/log.hpp"
#include "p2p/p2p.hpp"
#include "ssz/ssz.hpp"
#include "types/ssz.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

using libp2p::PeerId;
using network_api::FetchOutcome;

Duration shortened_at_random(Duration full, Random& random) {
    const auto quarter = static_cast<std::uint64_t>(full.count() / 4);
    return full - Duration{static_cast<Duration::rep>(random.below(quarter + 1))};
}

}  // namespace

// --- status

void P2p::ask_statuses() {
    for (auto& [id, peer] : connected_) {
        if (peer.status_due && *peer.status_due <= now()) ask_status(id, peer);
    }
}

void P2p::ask_status(const PeerId& id, Peer& peer) {
    peer.status_due.reset();
    const auto view = chain_.get();
    commands_.push_back(
        Asked<SwarmRequest>{{.peer = id,
                             .protocol = RequestProtocol::status,
                             .ssz = ssz::encode(Status{view->latest_finalized, view->head}),
                             .chunks_max = 1},
                            [this, id](const SwarmRequest::reply& reply) {
                                on_status_reply(id, reply);
                                proceed();
                            }});
}

void P2p::on_status_reply(const PeerId& id, const SwarmRequest::reply& reply) {
    const auto peer = connected_.find(id);
    if (peer != connected_.end()) {
        peer->second.status_due = now() + shortened_at_random(kStatusInterval, random_);
    }
    const auto end = [&](std::string_view result) {
        metrics_.request_ended(RequestProtocol::status, result);
        log::debug("status_ended peer={} result={}", name_of(id), result);
    };
    if (!reply) {
        end(to_string(reply.error().kind));
        if (reply.error().kind == SwarmErrorKind::malformed) {
            penalize(id, Rejection::DECODE_ERROR, "status_malformed");
        }
        return;
    }
    if (reply->empty()) return end("empty");
    const ResponseChunk& chunk = reply->front();
    if (chunk.code != ResponseCode::success) return end(to_string(chunk.code));
    const auto status = ssz::decode<Status>(chunk.payload, decode_context(config_.profile));
    if (!status) {
        end(to_string(status.error()));
        count_undecodable(id, protocol_id(RequestProtocol::status), to_string(status.error()));
        penalize(id, Rejection::DECODE_ERROR, "status_malformed");
        return;
    }
    end("success");
    if (peer != connected_.end()) on_status(id, peer->second, *status);
}

void P2p::on_status(const PeerId& id, Peer& peer, const Status& status) {
    const auto level =
        !peer.has_status && book_.is_static(id) ? log::Level::info : log::Level::debug;
    peer.has_status = true;
    if (log::is_enabled(level)) {
        log::write(level,
                   fmt::format("status_received peer={} head_slot={} head_root={} "
                               "finalized_slot={} finalized_root={}",
                               peer.name,
                               status.head.slot,
                               status.head.root,
                               status.finalized.slot,
                               status.finalized.root));
    }
    consider_head(id, peer, status.head);
}

void P2p::consider_head(const PeerId& id, Peer& peer, const Checkpoint& head) {
    const auto view = chain_.get();
    const Interval time = network_time(*view, clock_.unix_ms(), config_.profile);
    // Nobody can have a block of a slot that has not begun.
    if (head.slot.value > time.value / kIntervalsPerSlot + 1) return;
    if (peer.has_range) range_.set_peer_head(id, head.slot);
    if (head.slot < view->head.slot + kFollowSlotsMin || view->find(head.root) != nullptr) return;
    const bool is_far = head.slot >= view->head.slot + kRangeSlotsMin;
    if (!is_far || !peer.has_range) follow_head(id, head);
}

void P2p::follow_head(const PeerId& id, const Checkpoint& head) {
    std::erase_if(followed_heads_,
                  [&](const auto& entry) { return now() - entry.second >= kFollowAgain; });
    const auto is_same = [&](const auto& entry) { return entry.first == head.root; };
    if (std::ranges::any_of(followed_heads_, is_same)) return;
    if (followed_heads_.size() == kFollowedHeadsMax) return;
    followed_heads_.emplace_back(head.root, now());
    log::debug("head_followed peer={} slot={} root={}", name_of(id), head.slot, head.root);
    fetches_.add(
        head.root,
        [this](const FetchOutcome& outcome) { metrics_.fetch_ended(outcome.status); },
        now(),
        &id);
}

// --- fetching blocks

void P2p::fetch(const network_api::FetchBlock& message, FetchDone done) {
    fetches_.add(
        message.root,
        [this, done = std::move(done)](const FetchOutcome& outcome) mutable {
            metrics_.fetch_ended(outcome.status);
            log::debug("block_fetch_ended root={} status={} attempts={}",
                       outcome.root,
                       to_string(outcome.status),
                       outcome.attempts);
            done(outcome);
        },
        now());
    proceed();
}

void P2p::start_fetches() {
    while (const auto attempt = fetches_.next_attempt(now())) {
        log::debug("block_requested root={} peer={} request={}",
                   attempt->root,
                   name_of(attempt->peer),
                   attempt->id);
        BlocksByRootRequest wanted;
        wanted.roots.push_back(attempt->root);
        commands_.push_back(
            Asked<SwarmRequest>{{.peer = attempt->peer,
                                 .protocol = RequestProtocol::blocks_by_root,
                                 .ssz = ssz::encode(wanted),
                                 .chunks_max = 1},
                                [this, attempt = *attempt](SwarmRequest::reply reply) {
                                    on_fetch_reply(attempt, std::move(reply));
                                    proceed();
                                }});
    }
}

void P2p::on_fetch_reply(const FetchAttempt& attempt, SwarmRequest::reply reply) {
    if (reply) {
        fetches_.finish(attempt.id, take_fetched(attempt, *std::move(reply)), now());
        return;
    }
    const SwarmError& error = reply.error();
    metrics_.request_ended(RequestProtocol::blocks_by_root, to_string(error.kind));
    log::debug("block_request_failed root={} peer={} request={} kind={} what={}",
               attempt.root,
               name_of(attempt.peer),
               attempt.id,
               to_string(error.kind),
               log::quoted(error.what));
    if (error.kind == SwarmErrorKind::malformed) {
        penalize(attempt.peer, Rejection::DECODE_ERROR, "response_malformed");
    }
    const bool is_own_fault = error.kind == SwarmErrorKind::busy;
    fetches_.finish(
        attempt.id, is_own_fault ? AttemptResult::not_taken : AttemptResult::failed, now());
}

AttemptResult P2p::take_fetched(const FetchAttempt& attempt, std::vector<ResponseChunk> chunks) {
    const auto end = [&](std::string_view result, AttemptResult attempt_result) {
        metrics_.request_ended(RequestProtocol::blocks_by_root, result);
        log::debug("block_request_ended root={} peer={} request={} result={}",
                   attempt.root,
                   name_of(attempt.peer),
                   attempt.id,
                   result);
        return attempt_result;
    };
    if (chunks.empty()) return end("empty", AttemptResult::failed);
    const ResponseChunk& chunk = chunks.front();
    if (chunk.code != ResponseCode::success) {
        return end(to_string(chunk.code), AttemptResult::failed);
    }
    auto block = ssz::decode<SignedBlock>(chunk.payload, decode_context(config_.profile));
    if (!block) {
        count_undecodable(
            attempt.peer, protocol_id(RequestProtocol::blocks_by_root), to_string(block.error()));
        penalize(attempt.peer, Rejection::DECODE_ERROR, "response_malformed");
        return end(to_string(block.error()), AttemptResult::failed);
    }
    if (hash_tree_root(block->block) != attempt.root) {
        penalize(attempt.peer, kPenaltyWrongBlock, "wrong_block");
        return end("wrong_root", AttemptResult::failed);
    }
    network_api::ReceivedBlock received{.block = *std::move(block),
                                        .root = attempt.root,
                                        .peer = name_of(attempt.peer),
                                        .gossip_id = std::nullopt,
                                        .source = network_api::BlockSource::sync};
    if (!verifier_.blocks.send(std::move(received))) {
        return end("verifier_full", AttemptResult::not_taken);
    }
    return end("success", AttemptResult::delivered);
}

// --- catching up by range

void P2p::sync_range() {
    while (!range_blocks_.empty() && verifier_.blocks.send(std::move(range_blocks_.front()))) {
        range_blocks_.pop_front();
    }
    const auto request = range_.next(*chain_.get(), now());
    if (!request) return;
    range_blocks_.clear();
    log::debug("range_requested peer={} start={} count={} request={}",
               name_of(request->peer),
               request->start,
               request->count,
               request->id);
    commands_.push_back(Asked<SwarmRequest>{
        {.peer = request->peer,
         .protocol = RequestProtocol::blocks_by_range,
         .ssz = ssz::encode(BlocksByRangeRequest{request->start, request->count}),
         .chunks_max = request->count,
         .bytes_max = kRangeBytesMax},
        [this, request = *request](const SwarmRequest::reply& reply) {
            on_range_reply(request, reply);
            proceed();
        }});
}

void P2p::on_range_reply(const RangeRequest& request, const SwarmRequest::reply& reply) {
    const std::string_view result =
        reply ? take_range(request, *reply) : to_string(reply.error().kind);
    metrics_.request_ended(RequestProtocol::blocks_by_range, result);
    log::debug("range_ended peer={} start={} count={} request={} result={}",
               name_of(request.peer),
               request.start,
               request.count,
               request.id,
               result);
    if (reply) return;
    range_.failed(request.id, now());
    if (reply.error().kind == SwarmErrorKind::malformed) {
        penalize(request.peer, Rejection::DECODE_ERROR, "response_malformed");
    }
    const auto peer = connected_.find(request.peer);
    if (reply.error().kind == SwarmErrorKind::unsupported && peer != connected_.end()) {
        peer->second.has_range = false;
        range_.peer_disconnected(request.peer, now());
    }
}

std::string_view P2p::take_range(const RangeRequest& request,
                                 const std::vector<ResponseChunk>& chunks) {
    const auto refuse = [&](std::string_view what, double points) {
        range_blocks_.clear();
        range_.failed(request.id, now());
        if (points > 0) penalize(request.peer, points, what);
        return what;
    };
    if (chunks.empty()) {
        range_.empty(request.id);
        return "empty";
    }
    const auto view = chain_.get();
    std::vector<Checkpoint> taken;
    for (const ResponseChunk& chunk : chunks) {
        if (chunk.code != ResponseCode::success) {
            // What came before an error is good.
            if (taken.empty()) return refuse(to_string(chunk.code), 0);
            break;
        }
        auto block = ssz::decode<SignedBlock>(chunk.payload, decode_context(config_.profile));
        if (!block) {
            count_undecodable(request.peer,
                              protocol_id(RequestProtocol::blocks_by_range),
                              to_string(block.error()));
            const int points = rejection_row(Rejection::DECODE_ERROR).penalty;
            return refuse("response_malformed", static_cast<double>(points));
        }
        const Checkpoint at{hash_tree_root(block->block), block->block.slot};
        const bool is_in_range =
            at.slot >= request.start && at.slot - request.start < request.count;
        const bool is_linked = taken.empty() || (at.slot > taken.back().slot &&
                                                 block->block.parent_root == taken.back().root);
        if (!is_in_range || !is_linked) return refuse("wrong_range", kPenaltyWrongBlock);
        taken.push_back(at);
        if (view->find(at.root) != nullptr) continue;
        range_blocks_.push_back({.block = *std::move(block),
                                 .root = at.root,
                                 .peer = name_of(request.peer),
                                 .gossip_id = std::nullopt,
                                 .source = network_api::BlockSource::sync});
    }
    range_.delivered(request.id, std::move(taken), now());
    return "success";
}

}  // namespace lepton::p2p
