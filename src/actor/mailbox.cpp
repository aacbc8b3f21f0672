// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/mailbox.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <bit>

namespace lepton::actor {
namespace {

std::uint64_t read(const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
}

}  // namespace

std::string_view to_string(CellState state) {
    switch (state) {
        case CellState::created:
            return "created";
        case CellState::starting:
            return "starting";
        case CellState::running:
            return "running";
        case CellState::draining:
            return "draining";
        case CellState::down:
            return "down";
        case CellState::stopped:
            return "stopped";
    }
    return "?";
}

std::size_t bucket_of(Duration duration) {
    const auto ns = static_cast<std::uint64_t>(std::max<Duration::rep>(0, duration.count()));
    return std::min(static_cast<std::size_t>(std::bit_width(ns)),
                    std::tuple_size_v<DurationHistogram> - 1);
}

ClassSnapshot ClassCounters::snapshot(const ClassSpec& spec) const {
    ClassSnapshot out{.spec = spec,
                      .enqueued = read(enqueued),
                      .handled = read(handled),
                      .rejected = read(rejected),
                      .dropped = read(dropped),
                      .undelivered = read(undelivered),
                      .depth = read(depth),
                      .high_water = read(high_water),
                      .handling_sum_ns = read(handling_sum_ns),
                      .waiting_sum_ns = read(waiting_sum_ns)};
    std::ranges::transform(handling_ns, out.handling_ns.begin(), read);
    std::ranges::transform(waiting_ns, out.waiting_ns.begin(), read);
    return out;
}

Mailbox::Mailbox(std::span<const ClassSpec> specs)
    : specs_(specs), classes_(specs.size() + 1), counters_(specs.size() + 1) {}

Mailbox::~Mailbox() {
    while (take()) {
    }
}

bool Mailbox::is_over(std::size_t index, std::size_t more_bytes) const {
    const ClassSpec& limits = spec(index);
    return read(counters_[index].depth) >= limits.capacity ||
           (limits.bytes_max > 0 && classes_[index].bytes + more_bytes > limits.bytes_max);
}

Mailbox::Put Mailbox::put(EnvelopePtr& envelope, std::vector<EnvelopePtr>& displaced) {
    const std::size_t index = envelope->index;
    const ClassSpec& limits = spec(index);
    const bool makes_room =
        limits.policy == Overflow::drop_oldest || limits.policy == Overflow::coalesce;
    const bool can_ever_fit = limits.bytes_max == 0 || envelope->bytes <= limits.bytes_max;
    if (!can_ever_fit) return refuse(index);
    ClassCounters& counter = counters_[index];
    while (is_over(index, envelope->bytes)) {
        if (!makes_room) return refuse(index);
        displaced.push_back(unlink_oldest(index));
        ClassCounters::bump(counter.dropped);
    }

    Envelope* const added = envelope.release();
    Queue& lane = lane_of(index);
    added->previous_in_lane_ = lane.last;
    added->next_in_lane_ = nullptr;
    (lane.last ? lane.last->next_in_lane_ : lane.first) = added;
    lane.last = added;
    Class& own = classes_[index];
    added->next_in_class_ = nullptr;
    (own.newest ? own.newest->next_in_class_ : own.oldest) = added;
    own.newest = added;
    count_in(*added);
    ClassCounters::bump(counter.enqueued);
    return Put::accepted;
}

Mailbox::Put Mailbox::refuse(std::size_t index) {
    counters_[index].rejected.fetch_add(1, std::memory_order_relaxed);
    return spec(index).policy == Overflow::fatal ? Put::overflow_is_fatal : Put::full;
}

EnvelopePtr Mailbox::take() {
    for (const Queue& lane : lanes_) {
        // The first of a lane is the oldest of its class, as both keep the order of arrival.
        if (lane.first) return unlink_oldest(lane.first->index);
    }
    return nullptr;
}

void Mailbox::give_back(EnvelopePtr envelope, std::vector<EnvelopePtr>& displaced) {
    const std::size_t index = envelope->index;
    const Overflow policy = spec(index).policy;
    if ((policy == Overflow::drop_oldest || policy == Overflow::coalesce) &&
        is_over(index, envelope->bytes)) {
        ClassCounters::bump(counters_[index].dropped);
        displaced.push_back(std::move(envelope));
        return;
    }
    Envelope* const added = envelope.release();
    Queue& lane = lane_of(index);
    added->previous_in_lane_ = nullptr;
    added->next_in_lane_ = lane.first;
    (lane.first ? lane.first->previous_in_lane_ : lane.last) = added;
    lane.first = added;
    Class& own = classes_[index];
    added->next_in_class_ = own.oldest;
    own.oldest = added;
    if (!own.newest) own.newest = added;
    count_in(*added);
}

void Mailbox::count_in(const Envelope& envelope) {
    ClassCounters& counter = counters_[envelope.index];
    ClassCounters::bump(counter.depth);
    const std::uint64_t depth = read(counter.depth);
    if (depth > read(counter.high_water))
        counter.high_water.store(depth, std::memory_order_relaxed);
    classes_[envelope.index].bytes += envelope.bytes;
    ++size_;
}

EnvelopePtr Mailbox::unlink_oldest(std::size_t index) {
    Class& own = classes_[index];
    Envelope* const removed = own.oldest;
    LEPTON_ASSERT(removed != nullptr);
    own.oldest = removed->next_in_class_;
    if (!own.oldest) own.newest = nullptr;
    Queue& lane = lane_of(index);
    (removed->previous_in_lane_ ? removed->previous_in_lane_->next_in_lane_ : lane.first) =
        removed->next_in_lane_;
    (removed->next_in_lane_ ? removed->next_in_lane_->previous_in_lane_ : lane.last) =
        removed->previous_in_lane_;
    auto& depth = counters_[index].depth;
    depth.store(read(depth) - 1, std::memory_order_relaxed);
    own.bytes -= removed->bytes;
    --size_;
    return EnvelopePtr{removed};
}

}  // namespace lepton::actor
