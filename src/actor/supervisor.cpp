// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The supervisor never waits inside a handler. It keeps a state per child and a phase, and
// advance() does the next single step of the phase: start the first child that is down, or stop
// the last one that is up. Each answer of a child (started, exited) calls advance() again, so
// starts and stops are strictly one after the other, and what happens in between (another child
// fails, the system is stopped) only changes the phase.
//
// An exit that was asked for and one that was not are told apart by the child's state: `stopping`
// or `up`. A cell that is down already does not answer a stop for a restart, and answers a stop
// for good once with is_closed; so no answer is taken for a later one.
#include "actor/supervisor.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lepton::actor {
namespace {

constexpr std::string_view kRestartMessage = "restart";
constexpr std::string_view kChildrenTimer = "children";

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// A child that ended by itself although it must not is a failure too.
ExitReason as_failure(const ExitReason& reason, const std::string& name) {
    if (reason.is_failure()) return reason;
    return {.kind = ExitReason::Kind::failed,
            .component = name,
            .message = "-",
            .what = "ended by itself"};
}

ExitReason stuck(const std::string& name, Duration deadline) {
    return {.kind = ExitReason::Kind::failed,
            .component = name,
            .message = "stop",
            .what = fmt::format("did not stop within {} ms", milliseconds(deadline))};
}

}  // namespace

Supervisor::Supervisor(std::shared_ptr<SystemCore> core,
                       Scheduler& scheduler,
                       SupervisorSpec spec,
                       std::optional<Duration> system_stop_deadline)
    : Cell(std::move(core), scheduler, spec.name, {}),
      spec_(std::move(spec)),
      system_stop_deadline_(system_stop_deadline) {}

// ---------------------------------------------------------------------- what others report

void Supervisor::adopt(const std::vector<Child>& children) {
    const bool is_alive = post({}, [this, children] {
        if (phase_ == Phase::idle) {
            std::erase_if(children_, [](const Entry& entry) { return entry.is_closed; });
            phase_ = Phase::starting;
            first_ = 0;
        }
        LEPTON_ASSERT(children_.size() + children.size() <= kChildrenMax, name());
        for (const Child& child : children) children_.push_back({.child = child});
        advance();
    });
    if (is_alive) return;
    for (const Child& child : children) child.cell->request_stop(StopMode::close);
}

void Supervisor::child_started(std::uint64_t child) {
    post({}, [this, child] {
        Entry* const entry = find(child);
        if (!entry || entry->state != ChildState::starting) return;
        entry->state = ChildState::up;
        advance();
    });
}

void Supervisor::child_exited(std::uint64_t child, const ExitReason& reason, bool is_closed) {
    post({}, [this, child, reason, is_closed] {
        Entry* const entry = find(child);
        if (!entry) return;
        entry->is_closed = is_closed;
        on_exit(*entry, reason);
    });
}

Supervisor::Entry* Supervisor::find(std::uint64_t child) {
    const auto found = std::ranges::find_if(
        children_, [&](const Entry& entry) { return entry.child.cell->id() == child; });
    return found == children_.end() ? nullptr : &*found;
}

void Supervisor::on_exit(Entry& entry, const ExitReason& reason) {
    const ChildState before = entry.state;
    if (before != ChildState::gone) entry.state = ChildState::down;
    cancel_timer(std::exchange(entry.stop_timer, 0));
    if (phase_ == Phase::ending) {
        if (reason.is_failure()) core().note({kExitSupervision, reason.text()});
        advance();
        return;
    }
    switch (before) {
        case ChildState::up:
        case ChildState::starting:
            restart(entry, reason);
            break;
        case ChildState::stopping:
            advance();
            break;
        case ChildState::down:
        case ChildState::waiting:
        case ChildState::gone:
            break;  // the answer to a stop of a child that had ended meanwhile
    }
}

// ---------------------------------------------------------------------- steps

void Supervisor::begin() {
    phase_ = Phase::starting;
    first_ = 0;
    is_acknowledged_ = false;
    restarts_.clear();
    for (Entry& entry : children_)
        if (entry.state != ChildState::gone) entry.state = ChildState::down;
}

void Supervisor::advance() {
    switch (phase_) {
        case Phase::idle:
        case Phase::waiting:
            break;
        case Phase::starting:
            start_next();
            break;
        case Phase::stopping:
        case Phase::ending:
            stop_next();
            break;
    }
}

void Supervisor::start_next() {
    if (!has_incarnation()) return;  // adopted before the first start
    for (std::size_t i = first_; i < children_.size(); ++i) {
        Entry& entry = children_[i];
        if (entry.state == ChildState::starting) return;
        if (entry.state != ChildState::down) continue;
        entry.state = ChildState::starting;
        entry.child.cell->request_start();
        return;
    }
    phase_ = Phase::idle;
    if (children_.empty()) return;
    has_started_once_ = true;
    if (is_root()) core().is_ready = true;
    if (!std::exchange(is_acknowledged_, true)) acknowledge_start();
}

// Whether nothing more is to be waited for while children are stopped.
bool Supervisor::is_settled(const Entry& entry) const {
    if (phase_ == Phase::ending && closes()) return entry.is_closed;
    return entry.state == ChildState::down || entry.state == ChildState::waiting ||
           entry.state == ChildState::gone;
}

void Supervisor::stop_next() {
    for (std::size_t i = children_.size(); i-- > first_;) {
        Entry& entry = children_[i];
        if (is_settled(entry)) continue;
        if (entry.state != ChildState::stopping) {
            const bool drains = entry.child.on_stop == OnStop::drain;
            const bool is_last = phase_ == Phase::ending && closes();
            stop_child(entry,
                       !is_last ? StopMode::restart
                       : drains ? StopMode::drain
                                : StopMode::close);
        }
        return;
    }
    if (phase_ == Phase::ending) {
        finish();
        return;
    }
    phase_ = Phase::waiting;
    set_timer(kChildrenTimer, scheduler().now() + next_backoff(), kRestartMessage, [this] {
        if (phase_ != Phase::waiting) return;
        phase_ = Phase::starting;
        advance();
    });
}

void Supervisor::stop_child(Entry& entry, StopMode mode) {
    entry.state = ChildState::stopping;
    entry.stop_timer =
        add_timer(scheduler().now() + entry.child.stop_deadline,
                  "stop",
                  [this, child = entry.child.cell->id(), mode] { on_stop_overdue(child, mode); });
    entry.child.cell->request_stop(mode);
}

void Supervisor::on_stop_overdue(std::uint64_t child, StopMode mode) {
    Entry* const entry = find(child);
    if (!entry || entry->state != ChildState::stopping) return;
    const std::string& child_name = entry->child.cell->name();
    if (mode == StopMode::drain) {
        log::warn("drain_cut_short component={} after_ms={}",
                  child_name,
                  milliseconds(entry->child.stop_deadline));
        stop_child(*entry, StopMode::close);
        return;
    }
    const ExitReason reason = stuck(child_name, entry->child.stop_deadline);
    log::error("stop_overdue {}", reason.text());
    core().note({kExitDeadline, reason.text()});
    entry->state = ChildState::gone;
    entry->is_closed = true;
    if (phase_ == Phase::ending) {
        advance();
    } else {
        begin_ending(reason);  // a child that is stuck cannot be restarted
    }
}

void Supervisor::on_system_stop_overdue() {
    const auto late = std::ranges::find_if(
        children_, [](const Entry& entry) { return entry.state == ChildState::stopping; });
    const std::string& late_name = late == children_.end() ? name() : late->child.cell->name();
    const ExitReason reason = stuck(late_name, *system_stop_deadline_);
    log::error("system_stop_overdue {}", reason.text());
    core().note({kExitDeadline, reason.text()});
    core().publish();
}

// ---------------------------------------------------------------------- restart or give up

void Supervisor::restart(Entry& entry, const ExitReason& reason) {
    const Restart policy = entry.child.restart;
    if (policy == Restart::essential || (!has_started_once_ && reason.is_failure())) {
        give_up(as_failure(reason, entry.child.cell->name()));
        return;
    }
    if (policy == Restart::temporary || (policy == Restart::transient && !reason.is_failure())) {
        entry.state = ChildState::gone;
        entry.child.cell->request_stop(StopMode::close);
        advance();
        return;
    }
    const Time now = scheduler().now();
    restarts_.push_back(now);
    while (restarts_.front() + spec_.window < now) restarts_.pop_front();
    if (restarts_.size() > spec_.max_restarts) {
        give_up(as_failure(reason, entry.child.cell->name()));
        return;
    }
    if (spec_.strategy == Strategy::one_for_one) {
        const std::uint64_t child = entry.child.cell->id();
        const Duration backoff = next_backoff();
        entry.state = ChildState::waiting;
        log::warn("actor_restarts {} restarts={} in_ms={}",
                  as_failure(reason, entry.child.cell->name()).text(),
                  restarts_.size(),
                  milliseconds(backoff));
        set_timer(child, now + backoff, kRestartMessage, [this, child] {
            Entry* const due = find(child);
            if (!due || due->state != ChildState::waiting || phase_ == Phase::ending) return;
            due->state = ChildState::starting;
            due->child.cell->request_start();
        });
        advance();
        return;
    }
    const auto index = static_cast<std::size_t>(&entry - children_.data());
    const std::size_t from = spec_.strategy == Strategy::one_for_all ? 0 : index;
    // While children are started, those before this one are up already and stay so.
    const bool is_under_way = phase_ == Phase::stopping || phase_ == Phase::waiting;
    first_ = is_under_way ? std::min(first_, from) : from;
    phase_ = Phase::stopping;
    cancel_timer(TimerKey{kChildrenTimer});
    advance();
}

// Returns the wait before the restart that was added last.
Duration Supervisor::next_backoff() {
    Duration delay = spec_.backoff_min;
    for (std::size_t i = 1; i < restarts_.size() && delay < spec_.backoff_max; ++i) delay *= 2;
    return core().jittered(std::min(delay, spec_.backoff_max));
}

void Supervisor::give_up(const ExitReason& reason) {
    log::error("supervisor_gives_up supervisor={} {} restarts={}",
               spec_.name,
               reason.text(),
               restarts_.size());
    if (is_root()) core().note({kExitSupervision, reason.text()});
    begin_ending(reason);
}

// ---------------------------------------------------------------------- the end

void Supervisor::on_stop(StopMode mode) {
    if (is_closed() && !has_incarnation()) return;
    if (mode != StopMode::restart) {
        close_on_exit();
    } else if (!has_incarnation()) {
        return;
    }
    begin_ending({.kind = ExitReason::Kind::shutdown, .component = {}, .message = {}, .what = {}});
}

void Supervisor::begin_ending(const ExitReason& reason) {
    if (phase_ != Phase::ending) end_reason_ = reason;
    phase_ = Phase::ending;
    first_ = 0;
    if (is_root() && core().stop_due == 0) {
        close_on_exit();
        core().is_ready = false;
        const Time due = scheduler().now() + *system_stop_deadline_;
        core().stop_due = due.time_since_epoch().count();
        add_timer(due, "stop", [this] { on_system_stop_overdue(); });
    }
    advance();
}

void Supervisor::finish() {
    phase_ = Phase::idle;
    end(end_reason_);
    if (is_root()) core().publish();
}

// A root that fails itself has nobody to tell it to: without this the wait for the system's exit
// would last for ever, over actors that nobody supervises.
void Supervisor::call_stopped(const ExitReason& reason) noexcept {
    if (!is_root() || (closes() && !reason.is_failure())) return;
    core().note({kExitSupervision, as_failure(reason, name()).text()});
    core().is_ready = false;
    core().publish();
}

void Supervisor::release() noexcept {
    children_.clear();
    Cell::release();
}

}  // namespace lepton::actor
