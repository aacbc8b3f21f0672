// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bounded queue of one actor: two lanes in order of arrival, each message in a class with its
// own bounds. Put, take and drop-oldest cost O(1). Everything except the counters is guarded by the
// mutex of the cell that owns it.
#pragma once

#include "actor/limits.hpp"
#include "actor/message.hpp"
#include "actor/snapshot.hpp"
#include "base/clock.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

namespace lepton::actor {

class Cell;

/// One message on its way, without its type.
struct Envelope {
    virtual ~Envelope() = default;
    /// Hands the message to the actor of `cell`, on the cell's turn.
    virtual void deliver(Cell& cell) = 0;
    /// Answers an asker that the actor has ended. (An envelope destroyed without it answers
    /// `dropped`.)
    virtual void answer_stopped() {}

    std::size_t index = 0;  ///< position of its class
    std::size_t bytes = 0;  ///< by mailbox_cost; 0 without a byte limit
    Time enqueued_at{};     ///< Time{} when not sampled

  private:
    friend class Mailbox;
    Envelope* previous_in_lane_ = nullptr;
    Envelope* next_in_lane_ = nullptr;
    Envelope* next_in_class_ = nullptr;
};
using EnvelopePtr = std::unique_ptr<Envelope>;

/// The counters of one class; readable from any thread.
struct ClassCounters {
    // Written by senders.
    alignas(kCacheLine) std::atomic<std::uint64_t> enqueued{0};
    std::atomic<std::uint64_t> rejected{0}, dropped{0}, undelivered{0};
    std::atomic<std::uint64_t> depth{0}, high_water{0};
    // Written by the actor's turn.
    alignas(kCacheLine) std::atomic<std::uint64_t> handled{0};
    std::array<std::atomic<std::uint64_t>, std::tuple_size_v<DurationHistogram>> handling_ns{};
    std::array<std::atomic<std::uint64_t>, std::tuple_size_v<DurationHistogram>> waiting_ns{};
    std::atomic<std::uint64_t> handling_sum_ns{0}, waiting_sum_ns{0};

    /// Adds. For counters with one writer at a time.
    static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }
    ClassSnapshot snapshot(const ClassSpec& spec) const;
};

/// Returns the bucket of DurationHistogram that `duration` falls into.
std::size_t bucket_of(Duration duration);

class Mailbox {
  public:
    /// One class per spec, and one more, without bound, for items of sources: each source has at
    /// most one item under way.
    explicit Mailbox(std::span<const ClassSpec> specs);
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    enum class Put : std::uint8_t { accepted, full, overflow_is_fatal };
    /// Adds `envelope` at the end of its lane, or leaves it to the caller when its class is full.
    /// What it displaces goes to `displaced`, to be destroyed outside the lock.
    Put put(EnvelopePtr& envelope, std::vector<EnvelopePtr>& displaced);
    /// Counts a message of the class as refused, and returns how that goes on.
    Put refuse(std::size_t index);

    /// Removes the first urgent message, else the first normal one, else returns null.
    EnvelopePtr take();

    /// Puts a taken message back in front. One that a newer message has displaced meanwhile is
    /// counted as dropped and given to `displaced`.
    void give_back(EnvelopePtr envelope, std::vector<EnvelopePtr>& displaced);

    bool is_empty() const { return size_ == 0; }
    bool has_urgent() const { return lanes_[0].first != nullptr; }
    std::size_t size() const { return size_; }

    /// The position of the class for items of sources.
    std::size_t source_index() const { return specs_.size(); }
    const ClassSpec& spec(std::size_t index) const {
        return index < specs_.size() ? specs_[index] : kSourceItems;
    }
    ClassCounters& counters(std::size_t index) { return counters_[index]; }
    const ClassCounters& counters(std::size_t index) const { return counters_[index]; }

  private:
    static constexpr ClassSpec kSourceItems{
        "(source items)", static_cast<std::size_t>(-1), 0, Overflow::reject, Lane::normal};

    struct Queue {
        Envelope* first = nullptr;
        Envelope* last = nullptr;
    };
    struct Class {
        Envelope* oldest = nullptr;
        Envelope* newest = nullptr;
        std::size_t bytes = 0;
    };

    Queue& lane_of(std::size_t index) { return lanes_[static_cast<std::size_t>(spec(index).lane)]; }
    bool is_over(std::size_t index, std::size_t more_bytes) const;
    void count_in(const Envelope& envelope);
    EnvelopePtr unlink_oldest(std::size_t index);

    std::span<const ClassSpec> specs_;
    std::array<Queue, 2> lanes_{};
    std::vector<Class> classes_;
    std::vector<ClassCounters> counters_;
    std::size_t size_ = 0;
};

}  // namespace lepton::actor
