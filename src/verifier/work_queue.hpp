// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What waits to be verified, in the order in which it is worth doing: our own messages, then
// blocks, aggregates, votes. Others' messages are bounded as a whole and per peer; our own have
// bounds of their own, which only a node whose CPU pool stands still reaches. A plain value;
// belongs to one thread.
#pragma once

#include "verifier/limits.hpp"
#include "verifier/tasks.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

namespace lepton::verifier {

/// Why a message is ignored without having been looked at.
enum class Shed : std::uint8_t {
    /// Its peer has as much waiting as it may have.
    over_budget,
    /// Too much waits, from all peers together.
    queue_full,
};
std::string_view to_string(Shed shed);

class WorkQueue {
  public:
    template <class Task>
    struct Refused {
        Task task;
        Shed why;
    };
    /// Adds a task, or gives it back with the reason. When votes, aggregates or our own blocks are
    /// too many, the oldest one makes room and is given back instead: fresh ones matter more. Of
    /// others' blocks the new one is refused.
    std::optional<Refused<BlockTask>> push(BlockTask task);
    std::optional<Refused<AggregateTask>> push(AggregateTask task);
    std::optional<Refused<VoteTask>> push(VoteTask task);

    using Tasks = std::variant<ProofTask, VoteBatch>;
    /// Removes and returns what to do next, only our own if `own_only`; nothing when there is
    /// nothing. Votes come as many as wait, kVotesPerBatch at most; others' votes in multiples of
    /// kVotesGathered, or when they are due. Call done() for each task.
    std::optional<Tasks> take(bool own_only);

    /// Whether others' votes wait for more of them.
    bool is_gathering() const { return votes_.others.size() > votes_due_; }
    /// All votes that wait are due, however few they are.
    void end_gathering() { votes_due_ = votes_.others.size(); }

    /// Puts what could not be started back in front.
    void put_back(ProofTask task);
    void put_back(VoteBatch batch);

    /// The task was judged, or given up: its peer may send another.
    void done(const Origin& origin, Kind kind);

    /// Number of tasks that wait.
    std::size_t size() const;
    /// Peers that have something waiting or in work.
    std::size_t peers() const { return per_peer_.size(); }

  private:
    template <class Task>
    struct Lane {
        std::deque<Task> own;
        std::deque<Task> others;
    };

    template <class Task>
    std::optional<Refused<Task>> push_own(std::deque<Task>& own,
                                          Task task,
                                          std::size_t waiting_max);
    template <class Task>
    std::optional<Refused<Task>> push_fresh(Lane<Task>& lane, Task task, std::size_t waiting_max);
    bool charge(const Origin& origin, Kind kind);
    std::size_t votes_to_take() const;

    Lane<BlockTask> blocks_;
    Lane<AggregateTask> aggregates_;
    Lane<VoteTask> votes_;
    /// Of others' votes, those in front that wait for no more company.
    std::size_t votes_due_ = 0;
    /// Of others' blocks.
    std::size_t block_bytes_ = 0;
    /// Tasks waiting or in work, by kind.
    std::map<network_api::PeerName, std::array<std::size_t, kKindCount>> per_peer_;
};

}  // namespace lepton::verifier
