// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Activation protocol. `is_scheduled_` says that the cell is posted to its scheduler or runs; it
// changes only under the mutex that also guards the queues. A producer adds under the lock and
// posts the cell if it was not scheduled; a run gives the flag up only in the same critical section
// in which it finds nothing to do. So no wake-up is lost, and no two runs overlap. The models in
// tests/models repeat these functions step by step: change both.
#include "actor/cell.hpp"

#include "base/assert.hpp"
#include "base/fault.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <stdexcept>
#include <utility>

namespace lepton::actor {
namespace {

thread_local const Cell* running_cell = nullptr;

// The token of a timer that is no actor's: theirs begin with 1.
constexpr std::uint64_t kPulseToken = 0;

class TurnScope {
  public:
    explicit TurnScope(const Cell* cell) : outer_(std::exchange(running_cell, cell)) {}
    ~TurnScope() { running_cell = outer_; }
    TurnScope(const TurnScope&) = delete;
    TurnScope& operator=(const TurnScope&) = delete;

  private:
    const Cell* outer_;
};

void bump(std::atomic<std::uint64_t>& counter) {
    ClassCounters::bump(counter);
}

}  // namespace

const Cell* current_cell() {
    return running_cell;
}

// What a run does next: nothing, an event, a message, or the end of draining.
struct Cell::Next {
    enum class Kind : std::uint8_t { nothing, event, message, drained } kind = Kind::nothing;
    Event event;
    EnvelopePtr envelope;
};

Cell::Cell(std::shared_ptr<SystemCore> core,
           Scheduler& scheduler,
           std::string name,
           std::span<const ClassSpec> classes)
    : core_(std::move(core)),
      scheduler_(scheduler),
      name_(std::move(name)),
      id_(core_->next_id()),
      mailbox_(classes) {}

// ---------------------------------------------------------------------- senders

SendResult Cell::push(EnvelopePtr& envelope) {
    std::vector<EnvelopePtr> displaced;
    bool wakes = false;
    const std::size_t index = envelope->index;
    auto put = Mailbox::Put::full;
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_) return SendError::stopped;
        put = LEPTON_FAULT_FULL("actor." + name_) ? mailbox_.refuse(index)
                                                  : mailbox_.put(envelope, displaced);
        if (put == Mailbox::Put::accepted) {
            if (mailbox_.has_urgent()) attention_.store(true, std::memory_order_relaxed);
            if (is_deliverable()) wakes = !std::exchange(is_scheduled_, true);
        }
    }
    if (wakes) scheduler_.post(shared_from_this());
    if (put == Mailbox::Put::accepted) return {};
    if (put == Mailbox::Put::overflow_is_fatal) {
        const ClassSpec& spec = mailbox_.spec(index);
        const ExitReason reason{.kind = ExitReason::Kind::failed,
                                .component = name_,
                                .message = std::string{spec.message},
                                .what = "mailbox class that must not overflow is full"};
        log::error("actor_overflow {} capacity={}", reason.text(), spec.capacity);
        core_->request_stop({kExitFatalOverflow, reason.text()});
    }
    return SendError::full;
}

void Cell::push_item(EnvelopePtr envelope, std::uint32_t incarnation) {
    std::vector<EnvelopePtr> displaced;
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_ || incarnation != incarnation_ || state_ == CellState::down) {
            mailbox_.counters(envelope->index).rejected.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        mailbox_.put(envelope, displaced);
        if (is_deliverable()) wakes = !std::exchange(is_scheduled_, true);
    }
    if (wakes) scheduler_.post(shared_from_this());
}

bool Cell::post(std::string_view message, Action action) {
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_dead_) return false;
        events_.push_back({message, std::move(action)});
        attention_.store(true, std::memory_order_relaxed);
        wakes = !std::exchange(is_scheduled_, true);
    }
    if (wakes) scheduler_.post(shared_from_this());
    return true;
}

bool Cell::post_to(std::uint32_t incarnation, std::string_view message, Action action) {
    return post(message, [this, incarnation, action = std::move(action)]() mutable {
        if (has_incarnation_ && incarnation == incarnation_) action();
    });
}

void Cell::fire(std::uint64_t token) {
    if (token == kPulseToken) {
        post({}, [this] {
            {
                const std::lock_guard lock(mutex_);
                is_pulse_due_ = false;
            }
            if (is_running() && LEPTON_FAULT("actor." + name_)) stop_self();
        });
        return;
    }
    post({}, [this, token] { on_timer(token); });
}

void Cell::request_pulse() {
    {
        const std::lock_guard lock(mutex_);
        if (is_dead_ || std::exchange(is_pulse_due_, true)) return;
    }
    scheduler_.at(scheduler_.now(), shared_from_this(), kPulseToken);
}

void Cell::request_start() {
    post({}, [this] { start(); });
}

void Cell::request_stop(StopMode mode) {
    post("stop", [this, mode] { on_stop(mode); });
}

void Cell::stop_self() {
    post("stop", [this, incarnation = incarnation()] {
        if (has_incarnation_ && incarnation == incarnation_) {
            end({.kind = ExitReason::Kind::normal, .component = {}, .message = {}, .what = {}});
        }
    });
}

void Cell::monitor(std::uint64_t watcher,
                   std::uint32_t incarnation,
                   std::function<void(const Down&)> notify) {
    Down down{.name = name_, .id = id_, .incarnation = 0, .reason = {}};
    std::vector<Monitor> forgotten;  // destroyed after the lock
    {
        const std::lock_guard lock(mutex_);
        down.incarnation = incarnation_;
        down.reason = last_exit_;
        if (state_ != CellState::down && state_ != CellState::stopped && !is_dead_) {
            const auto stale = std::ranges::partition(monitors_, [&](const Monitor& old) {
                return old.watcher != watcher || old.incarnation == incarnation;
            });
            std::ranges::move(stale, std::back_inserter(forgotten));
            monitors_.erase(stale.begin(), stale.end());
            if (monitors_.size() >= kMonitorsMax)
                throw std::length_error("too many monitors of " + name_);
            monitors_.push_back({watcher, incarnation, std::move(notify)});
            return;
        }
    }
    notify(down);
}

// ---------------------------------------------------------------------- the run

Time Cell::run(Time begun) {
    const TurnScope scope(this);
    const int quantum = scheduler_.quantum();
    for (int left = quantum; left > 0; --left) {
        Next next = take_next(static_cast<std::size_t>(left), left < quantum);
        if (next.kind == Next::Kind::nothing) return begun;
        handle(next);
        const Time ended = scheduler_.now();
        if (next.envelope) count_handled(*next.envelope, begun, ended);
        if (ended - begun > kSlowTurn) {
            bump(slow_turns_);
            log::debug(
                "slow_turn component={} ms={}",
                name_,
                std::chrono::duration_cast<std::chrono::milliseconds>(ended - begun).count());
        }
        begun = ended;
    }
    if (leave()) scheduler_.post(shared_from_this());
    return begun;
}

// Ends a run that has used up its quantum; returns whether the cell must be posted again.
bool Cell::leave() {
    std::vector<EnvelopePtr> displaced;
    const std::lock_guard lock(mutex_);
    give_back_batch(displaced);
    is_running_ = false;
    if (is_dead_) {
        is_scheduled_ = false;
        idle_.notify_all();
        return false;
    }
    return true;
}

// Begins a run, or goes on with it. `wanted`: how many messages it may still handle.
Cell::Next Cell::take_next(std::size_t wanted, bool is_under_way) {
    Next next;
    if (batch_next_ < batch_end_ && !attention_.load(std::memory_order_relaxed)) {
        next.kind = Next::Kind::message;
        next.envelope = std::move(batch_[batch_next_++]);
        return next;
    }
    std::vector<EnvelopePtr> displaced;
    {
        const std::lock_guard lock(mutex_);
        LEPTON_ASSERT(is_scheduled_ && is_running_ == is_under_way, name_);
        is_running_ = true;
        give_back_batch(displaced);
        if (!is_dead_ && !events_.empty()) {
            next.kind = Next::Kind::event;
            next.event = std::move(events_.front());
            events_.pop_front();
        } else if (!is_dead_ && is_deliverable() && !mailbox_.is_empty()) {
            attention_.store(false, std::memory_order_relaxed);
            wanted = mailbox_.has_urgent() ? 1 : std::min(wanted, kBatchMax);
            batch_next_ = batch_end_ = 0;
            while (batch_end_ < wanted && !mailbox_.is_empty())
                batch_[batch_end_++] = mailbox_.take();
            next.kind = Next::Kind::message;
            next.envelope = std::move(batch_[batch_next_++]);
        } else if (!is_dead_ && state_ == CellState::draining) {
            next.kind = Next::Kind::drained;
        } else {
            is_scheduled_ = false;
            is_running_ = false;
            if (is_dead_) idle_.notify_all();
        }
    }
    return next;
}

// Requires mutex_.
void Cell::give_back_batch(std::vector<EnvelopePtr>& displaced) {
    while (batch_end_ > batch_next_) mailbox_.give_back(std::move(batch_[--batch_end_]), displaced);
    batch_next_ = batch_end_ = 0;
}

void Cell::begin_turn(std::string_view message) {
    in_message_.store(message.data(), std::memory_order_relaxed);
    scheduler_.on_turn(name_, message);
}

// Runs `work` and returns what it threw, as text. Memory that has run out ends the process: no
// handler can be trusted after it.
template <class Work>
std::optional<std::string> Cell::failure_of(Work&& work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        LEPTON_ASSERT(false, "out of memory in " + name_);
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (...) {
        return "unknown exception";
    }
    return std::nullopt;
}

ExitReason Cell::failure(std::string what) const {
    const char* const message = in_message_.load(std::memory_order_relaxed);
    return {.kind = ExitReason::Kind::failed,
            .component = name_,
            .message = message ? message : "-",
            .what = std::move(what)};
}

void Cell::handle(Next& next) {
    bump(turns_);
    std::optional<std::string> thrown;
    switch (next.kind) {
        case Next::Kind::nothing:
            return;
        case Next::Kind::event:
            if (!next.event.message.empty()) begin_turn(next.event.message);
            thrown = failure_of([&] { next.event.action(); });
            next.event.action = nullptr;
            break;
        case Next::Kind::message:
            begin_turn(mailbox_.spec(next.envelope->index).message);
            thrown = failure_of([&] { next.envelope->deliver(*this); });
            break;
        case Next::Kind::drained:
            begin_turn("stop");
            end({.kind = ExitReason::Kind::shutdown, .component = {}, .message = {}, .what = {}});
            break;
    }
    if (thrown) {
        LEPTON_ASSERT(has_incarnation_, name_ + ": " + *thrown);
        end(failure(std::move(*thrown)));
    }
    in_message_.store(nullptr, std::memory_order_relaxed);
}

void Cell::count_handled(const Envelope& envelope, Time begun, Time ended) {
    ClassCounters& counters = mailbox_.counters(envelope.index);
    const auto ns = [](Duration duration) {
        return static_cast<std::uint64_t>(std::max<Duration::rep>(0, duration.count()));
    };
    const Duration handling = ended - begun;
    ClassCounters::bump(counters.handled);
    ClassCounters::bump(counters.handling_ns[bucket_of(handling)]);
    ClassCounters::bump(counters.handling_sum_ns, ns(handling));
    if (envelope.enqueued_at == Time{}) return;
    const Duration waiting = begun - envelope.enqueued_at;
    ClassCounters::bump(counters.waiting_ns[bucket_of(waiting)]);
    ClassCounters::bump(counters.waiting_sum_ns, ns(waiting));
}

// ---------------------------------------------------------------------- life of an incarnation

void Cell::start() {
    if (has_incarnation_ || is_closed()) return;
    {
        const std::lock_guard lock(mutex_);
        state_ = CellState::starting;
        ++incarnation_;
    }
    stop_source_ = std::stop_source{};
    has_incarnation_ = true;
    begin_turn("start");
    if (auto thrown = failure_of([&] { begin(); })) {
        end(failure(std::move(*thrown)));
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        state_ = CellState::running;
    }
    on_running();
}

void Cell::acknowledge_start() {
    if (parent_) parent_->child_started(id_);
}

void Cell::on_stop(StopMode mode) {
    if (is_closed() && !has_incarnation_) return;
    if (mode == StopMode::restart && !has_incarnation_) return;
    if (mode != StopMode::restart) close_on_exit();
    if (mode == StopMode::drain && has_incarnation_) {
        const std::lock_guard lock(mutex_);
        state_ = CellState::draining;
        return;  // take_next() ends it when nothing waits any more
    }
    end({.kind = ExitReason::Kind::shutdown, .component = {}, .message = {}, .what = {}});
}

void Cell::close_on_exit() {
    closes_on_exit_ = true;
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
}

bool Cell::is_closed() const {
    const std::lock_guard lock(mutex_);
    return is_closed_;
}

void Cell::end(ExitReason reason) {
    if (has_incarnation_) {
        if (reason.is_failure())
            log::error("actor_failed {} incarnation={}", reason.text(), incarnation());
        is_ending_ = true;
        stop_source_.request_stop();
        if (!reason.is_failure()) cancel_asks();
        call_stopped(reason);
    }
    forget_incarnation();
    is_ending_ = false;

    std::vector<Monitor> monitors;
    std::vector<EnvelopePtr> leftovers;
    std::deque<Event> events;
    Down down{.name = name_, .id = id_, .incarnation = incarnation(), .reason = reason};
    {
        const std::lock_guard lock(mutex_);
        std::vector<EnvelopePtr> displaced;
        give_back_batch(displaced);
        drop_leftovers(leftovers, !closes_on_exit_);
        std::ranges::move(displaced, std::back_inserter(leftovers));
        state_ = closes_on_exit_ ? CellState::stopped : CellState::down;
        last_exit_ = reason;
        monitors.swap(monitors_);
        if (closes_on_exit_) {
            is_dead_ = true;
            events.swap(events_);
        }
    }
    if (closes_on_exit_)
        for (const EnvelopePtr& left : leftovers) left->answer_stopped();
    for (const Monitor& watcher : monitors) watcher.notify(down);
    if (parent_) parent_->child_exited(id_, reason, closes_on_exit_);
    if (closes_on_exit_) release();
}

// Open asks of an actor that ends in order are answered, so that it can say what became of them.
void Cell::cancel_asks() {
    while (!asks_.empty()) {
        const auto ask = finish_ask(asks_.begin()->first);
        if (const auto thrown = failure_of([&] { ask->fail(AskError::cancelled); }))
            log::error("actor_failed {} while=stopping", failure(*thrown).text());
    }
}

void Cell::forget_incarnation() noexcept {
    for (const auto& [token, timer] : timers_) scheduler_.cancel(timer.id);
    asks_forgotten_ += asks_.size();
    auto timers = std::exchange(timers_, {});
    auto asks = std::exchange(asks_, {});
    auto listeners = std::exchange(listeners_, {});
    keys_.clear();
    timer_count_ = 0;
    publish_asks();
    destroy_actor();
    has_incarnation_ = false;
}

// Requires mutex_. Removes what waits, or only the items of sources, as undelivered.
void Cell::drop_leftovers(std::vector<EnvelopePtr>& leftovers, bool only_items) {
    std::vector<EnvelopePtr> kept;
    while (EnvelopePtr envelope = mailbox_.take()) {
        if (only_items && envelope->index != mailbox_.source_index()) {
            kept.push_back(std::move(envelope));
            continue;
        }
        ClassCounters::bump(mailbox_.counters(envelope->index).undelivered);
        leftovers.push_back(std::move(envelope));
    }
    for (; !kept.empty(); kept.pop_back()) mailbox_.give_back(std::move(kept.back()), leftovers);
}

void Cell::mark_dead() {
    const std::lock_guard lock(mutex_);
    is_closed_ = is_dead_ = true;
    attention_.store(true, std::memory_order_relaxed);
}

void Cell::kill() {
    LEPTON_ASSERT(current_cell() != this, name_ + " kills itself");
    std::vector<EnvelopePtr> leftovers;
    std::deque<Event> events;
    std::vector<Monitor> monitors;
    {
        std::unique_lock lock(mutex_);
        LEPTON_ASSERT(is_dead_, name_);
        idle_.wait(lock, [&] { return !is_running_; });
        state_ = CellState::stopped;
        drop_leftovers(leftovers, false);
        events.swap(events_);
        monitors.swap(monitors_);
    }
    stop_source_.request_stop();
    forget_incarnation();
    for (const EnvelopePtr& left : leftovers) left->answer_stopped();
    release();
}

// ---------------------------------------------------------------------- timers, asks, listeners

std::uint64_t Cell::add_timer(Time when, std::string_view message, Action action) {
    if (timers_.size() >= kTimersMax + asks_.size()) throw std::length_error("too many timers");
    const std::uint64_t token = ++last_token_;
    const TimerId id = scheduler_.at(when, shared_from_this(), token);
    timers_.emplace(token, Timer{id, message, std::nullopt, std::move(action)});
    bump(timer_count_);
    return token;
}

void Cell::set_timer(const TimerKey& key, Time when, std::string_view message, Action action) {
    cancel_timer(key);
    const std::uint64_t token = add_timer(when, message, std::move(action));
    timers_.at(token).key = key;
    keys_.emplace(key, token);
}

void Cell::cancel_timer(std::uint64_t token) {
    const auto found = timers_.find(token);
    if (found == timers_.end()) return;
    scheduler_.cancel(found->second.id);
    if (found->second.key) keys_.erase(*found->second.key);
    const auto removed = timers_.extract(found);
    timer_count_.store(timers_.size(), std::memory_order_relaxed);
}

void Cell::cancel_timer(const TimerKey& key) {
    if (const auto found = keys_.find(key); found != keys_.end()) cancel_timer(found->second);
}

void Cell::on_timer(std::uint64_t token) {
    const auto found = timers_.find(token);
    if (found == timers_.end()) return;  // cancelled after it had fired: never delivered
    if (found->second.key) keys_.erase(*found->second.key);
    auto timer = timers_.extract(found);
    timer_count_.store(timers_.size(), std::memory_order_relaxed);
    begin_turn(timer.mapped().message);
    timer.mapped().action();
}

std::uint64_t Cell::open_ask(std::unique_ptr<PendingAsk> ask, Time deadline) {
    const std::uint64_t id = ++last_ask_;
    ask->deadline =
        add_timer(deadline, ask->message, [this, id] { finish_ask(id)->fail(AskError::timeout); });
    ask->due = deadline;
    asks_.emplace(id, std::move(ask));
    publish_asks();
    bump(asks_opened_);
    return id;
}

std::unique_ptr<PendingAsk> Cell::finish_ask(std::uint64_t id) {
    const auto found = asks_.find(id);
    if (found == asks_.end()) {
        bump(late_replies_);
        return nullptr;
    }
    auto ask = std::move(found->second);
    asks_.erase(found);
    publish_asks();
    cancel_timer(ask->deadline);
    bump(asks_completed_);
    return ask;
}

void Cell::publish_asks() {
    asks_pending_.store(asks_.size(), std::memory_order_relaxed);
    const Time due = asks_.empty() ? Time{} : asks_.begin()->second->due;
    oldest_ask_due_.store(due.time_since_epoch().count(), std::memory_order_relaxed);
}

void Cell::count_refused_ask() {
    bump(asks_opened_);
    bump(asks_completed_);
}

std::uint64_t Cell::add_listener(std::shared_ptr<void> source) {
    if (listeners_.size() >= kListenersMax) throw std::length_error("too many sources");
    const std::uint64_t listener = ++last_listener_;
    listeners_.emplace(listener, std::move(source));
    return listener;
}

std::shared_ptr<void> Cell::listener(std::uint64_t listener) const {
    const auto found = listeners_.find(listener);
    return found == listeners_.end() ? nullptr : found->second;
}

// ---------------------------------------------------------------------- reading from outside

bool Cell::is_finished() const {
    const std::lock_guard lock(mutex_);
    return state_ == CellState::stopped;
}

CellSnapshot Cell::snapshot() const {
    CellSnapshot out;
    out.name = name_;
    out.id = id_;
    out.incarnation = incarnation_;
    out.turns = turns_.load(std::memory_order_relaxed);
    out.slow_turns = slow_turns_.load(std::memory_order_relaxed);
    out.asks_opened = asks_opened_.load(std::memory_order_relaxed);
    out.asks_completed = asks_completed_.load(std::memory_order_relaxed);
    out.asks_forgotten = asks_forgotten_.load(std::memory_order_relaxed);
    out.asks_pending = asks_pending_.load(std::memory_order_relaxed);
    out.oldest_ask_due = Time{Duration{oldest_ask_due_.load(std::memory_order_relaxed)}};
    out.late_replies = late_replies_.load(std::memory_order_relaxed);
    out.timers = timer_count_.load(std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    out.state = state_;
    for (std::size_t index = 0; index <= mailbox_.source_index(); ++index)
        out.classes.push_back(mailbox_.counters(index).snapshot(mailbox_.spec(index)));
    return out;
}

CellProgress Cell::progress() const {
    const char* const message = in_message_.load(std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    return {.name = name_,
            .id = id_,
            .turns = turns_.load(std::memory_order_relaxed),
            .is_pending = !is_dead_ && (is_scheduled_ || is_pulse_due_),
            .in_message = message ? std::string_view{message} : std::string_view{},
            .depth = mailbox_.size(),
            .patience = {}};
}

}  // namespace lepton::actor
