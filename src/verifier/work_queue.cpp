// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "verifier/work_queue.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace lepton::verifier {
namespace {

constexpr std::array<std::size_t, kKindCount> kPerPeerMax{
    kBlocksPerPeerMax, kAggregatesPerPeerMax, kVotesPerPeerMax};

// Whether the task counts against the budget of its peer.
bool is_charged(const Origin& origin) {
    return !origin.is_own && !origin.is_answer;
}

template <class Task>
Task take_front(std::deque<Task>& tasks) {
    Task task = std::move(tasks.front());
    tasks.pop_front();
    return task;
}

template <class Task>
void put_front(std::deque<Task>& own, std::deque<Task>& others, Task task) {
    auto& tasks = task.origin.is_own ? own : others;
    tasks.push_front(std::move(task));
}

}  // namespace

std::string_view to_string(Shed shed) {
    switch (shed) {
        case Shed::over_budget:
            return "over_budget";
        case Shed::queue_full:
            return "queue_full";
    }
    LEPTON_ASSERT(false);
}

std::optional<WorkQueue::Refused<BlockTask>> WorkQueue::push(BlockTask task) {
    if (task.origin.is_own) return push_own(blocks_.own, std::move(task), kOwnBlocksWaitingMax);
    const std::size_t bytes = bytes_of(task);
    if (blocks_.others.size() >= kBlocksWaitingMax ||
        block_bytes_ + bytes > kBlockBytesWaitingMax) {
        return Refused<BlockTask>{std::move(task), Shed::queue_full};
    }
    if (!charge(task.origin, Kind::block)) {
        return Refused<BlockTask>{std::move(task), Shed::over_budget};
    }
    block_bytes_ += bytes;
    blocks_.others.push_back(std::move(task));
    return std::nullopt;
}

std::optional<WorkQueue::Refused<AggregateTask>> WorkQueue::push(AggregateTask task) {
    return push_fresh(aggregates_, std::move(task), kAggregatesWaitingMax);
}

std::optional<WorkQueue::Refused<VoteTask>> WorkQueue::push(VoteTask task) {
    auto refused = push_fresh(votes_, std::move(task), kVotesWaitingMax);
    // The oldest made room.
    const bool is_due_lost =
        refused && !refused->task.origin.is_own && refused->why == Shed::queue_full;
    if (is_due_lost && votes_due_ > 0) --votes_due_;
    return refused;
}

template <class Task>
std::optional<WorkQueue::Refused<Task>> WorkQueue::push_own(std::deque<Task>& own,
                                                            Task task,
                                                            std::size_t waiting_max) {
    own.push_back(std::move(task));
    if (own.size() <= waiting_max) return std::nullopt;
    return Refused<Task>{take_front(own), Shed::queue_full};
}

template <class Task>
std::optional<WorkQueue::Refused<Task>> WorkQueue::push_fresh(Lane<Task>& lane,
                                                              Task task,
                                                              std::size_t waiting_max) {
    if (task.origin.is_own) return push_own(lane.own, std::move(task), waiting_max);
    if (!charge(task.origin, Task::kKind)) {
        return Refused<Task>{std::move(task), Shed::over_budget};
    }
    lane.others.push_back(std::move(task));
    if (lane.others.size() <= waiting_max) return std::nullopt;
    Task oldest = take_front(lane.others);
    done(oldest.origin, Task::kKind);
    return Refused<Task>{std::move(oldest), Shed::queue_full};
}

std::optional<WorkQueue::Tasks> WorkQueue::take(bool own_only) {
    if (!blocks_.own.empty()) return ProofTask{take_front(blocks_.own)};
    if (!aggregates_.own.empty()) return ProofTask{take_front(aggregates_.own)};
    VoteBatch batch;
    while (!votes_.own.empty() && batch.tasks.size() < kVotesPerBatch) {
        batch.tasks.push_back(take_front(votes_.own));
    }
    if (!batch.tasks.empty()) return batch;
    if (own_only) return std::nullopt;

    if (!blocks_.others.empty()) {
        BlockTask task = take_front(blocks_.others);
        block_bytes_ -= bytes_of(task);
        return ProofTask{std::move(task)};
    }
    if (!aggregates_.others.empty()) return ProofTask{take_front(aggregates_.others)};
    const std::size_t count = votes_to_take();
    if (count == 0) return std::nullopt;
    while (batch.tasks.size() < count) batch.tasks.push_back(take_front(votes_.others));
    votes_due_ -= std::min(votes_due_, count);
    return batch;
}

std::size_t WorkQueue::votes_to_take() const {
    const std::size_t most = std::min(votes_.others.size(), kVotesPerBatch);
    const std::size_t whole = most - most % kVotesGathered;
    // Those that are due take the others along.
    return std::min(votes_due_, most) > whole ? most : whole;
}

void WorkQueue::put_back(ProofTask task) {
    if (auto* aggregate = std::get_if<AggregateTask>(&task)) {
        put_front(aggregates_.own, aggregates_.others, std::move(*aggregate));
        return;
    }
    auto& block = std::get<BlockTask>(task);
    if (!block.origin.is_own) block_bytes_ += bytes_of(block);
    put_front(blocks_.own, blocks_.others, std::move(block));
}

void WorkQueue::put_back(VoteBatch batch) {
    while (!batch.tasks.empty()) {
        // They have waited long enough.
        if (!batch.tasks.back().origin.is_own) ++votes_due_;
        put_front(votes_.own, votes_.others, std::move(batch.tasks.back()));
        batch.tasks.pop_back();
    }
}

void WorkQueue::done(const Origin& origin, Kind kind) {
    if (!is_charged(origin)) return;
    const auto at = per_peer_.find(origin.peer);
    LEPTON_ASSERT(at != per_peer_.end());
    auto& count = at->second.at(static_cast<std::size_t>(kind));
    LEPTON_ASSERT(count > 0);
    --count;
    if (std::ranges::all_of(at->second, [](std::size_t left) { return left == 0; })) {
        per_peer_.erase(at);
    }
}

std::size_t WorkQueue::size() const {
    const auto of = [](const auto& lane) { return lane.own.size() + lane.others.size(); };
    return of(blocks_) + of(aggregates_) + of(votes_);
}

bool WorkQueue::charge(const Origin& origin, Kind kind) {
    if (!is_charged(origin)) return true;
    const auto index = static_cast<std::size_t>(kind);
    auto& count = per_peer_[origin.peer].at(index);
    if (count >= kPerPeerMax.at(index)) return false;
    ++count;
    return true;
}

}  // namespace lepton::verifier
