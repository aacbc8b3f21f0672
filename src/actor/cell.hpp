// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A cell is the lasting half of an actor: name, mailbox, timers and open asks. It outlives the
// incarnations of the actor, so references stay valid over restarts. Actors do not use it
// directly: they see Context (context.hpp), others see references (ref.hpp).
//
// Threads: everything a cell does to its actor happens on the cell's turn, run() of its scheduler;
// turns of one cell never overlap. The functions of the first group may be called by any thread,
// those of the second only on the turn.
#pragma once

#include "actor/cell_mutex.hpp"
#include "actor/exit_reason.hpp"
#include "actor/mailbox.hpp"
#include "actor/message.hpp"
#include "actor/scheduler.hpp"
#include "actor/snapshot.hpp"
#include "actor/system_core.hpp"

#include <array>
#include <atomic>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <variant>
#include <vector>

namespace lepton::actor {

/// Names a timer of one actor, so that setting it again replaces it.
class TimerKey {
  public:
    template <class Number>
        requires std::integral<Number> || std::is_enum_v<Number>
    TimerKey(Number number) : value_(static_cast<std::uint64_t>(number)) {}
    TimerKey(std::string_view text) : value_(std::string{text}) {}
    TimerKey(const char* text) : value_(std::string{text}) {}
    auto operator<=>(const TimerKey&) const = default;

  private:
    std::variant<std::uint64_t, std::string> value_;
};

/// An ask whose continuation has not run yet.
struct PendingAsk {
    virtual ~PendingAsk() = default;
    /// Runs the continuation with an error.
    virtual void fail(AskError error) = 0;

    std::uint64_t deadline = 0;  ///< token of its timer
    Time due{};
    std::string_view message;
};

/// How a supervisor ends an incarnation.
enum class StopMode : std::uint8_t {
    restart,  ///< messages keep waiting for the next incarnation
    close,    ///< for good; what waits is undelivered
    drain,    ///< for good, after what waits has been handled
};

/// Who is told about starts and exits of a cell. Called on the cell's turn; must only post.
class Parent {
  public:
    virtual ~Parent() = default;
    virtual void child_started(std::uint64_t child) = 0;
    virtual void child_exited(std::uint64_t child, const ExitReason& reason, bool is_closed) = 0;
};

/// What the watchdog compares.
struct CellProgress {
    std::string name;
    std::uint64_t id = 0;
    std::uint64_t turns = 0;
    bool is_pending = false;      ///< running, or waiting for a thread or a timer
    std::string_view in_message;  ///< of the running handler; empty when none runs
    std::size_t depth = 0;
    Duration patience{};  ///< what is a stall here; zero: what the watchdog calls one
};

/// Returns the cell whose turn the calling thread runs; null outside of turns.
const Cell* current_cell();

class Cell : public std::enable_shared_from_this<Cell> {
  public:
    using Action = std::move_only_function<void()>;

    Cell(std::shared_ptr<SystemCore> core,
         Scheduler& scheduler,
         std::string name,
         std::span<const ClassSpec> classes);
    virtual ~Cell() = default;
    Cell(const Cell&) = delete;
    Cell& operator=(const Cell&) = delete;

    const std::string& name() const { return name_; }
    std::uint64_t id() const { return id_; }
    Scheduler& scheduler() const { return scheduler_; }

    // ------------------------------------------------------------------ any thread

    /// Takes the message, or refuses it and leaves it in `envelope`.
    SendResult push(EnvelopePtr& envelope);
    /// Takes an item of a source that `incarnation` listens to; drops and counts it when that is
    /// over.
    void push_item(EnvelopePtr envelope, std::uint32_t incarnation);
    /// Runs `action` on the turn, before messages. `message` is static text for traces; false when
    /// the cell has ended.
    bool post(std::string_view message, Action action);
    /// As post(), but only while `incarnation` lives.
    bool post_to(std::uint32_t incarnation, std::string_view message, Action action);

    /// For schedulers: handles what waits, at most scheduler().quantum() of it.
    void run() { run(scheduler_.now()); }
    /// As run(), when it is `begun` on the scheduler's clock; returns what time it is at the end.
    Time run(Time begun);
    /// For schedulers: the timer of `token` is due.
    void fire(std::uint64_t token);
    /// Asks for a sign of life: a turn that comes through a timer and the scheduler, and does
    /// nothing. Until it has come, progress() says that the cell is pending.
    void request_pulse();

    void request_start();
    void request_stop(StopMode mode);
    /// Calls `notify` once when the current incarnation ends; at once when there is none any more.
    /// `watcher`, `incarnation`: who asks, so that what an earlier incarnation asked is forgotten.
    void monitor(std::uint64_t watcher,
                 std::uint32_t incarnation,
                 std::function<void(const Down&)> notify);

    /// Refuses everything from now on. First half of killing a system.
    void mark_dead();
    /// Destroys the incarnation without its stopped() hook and empties the mailbox; waits for a
    /// running handler. Requires mark_dead() and that the caller is on no turn of this cell.
    void kill();

    /// Whether the cell has ended for good.
    bool is_finished() const;
    CellSnapshot snapshot() const;
    CellProgress progress() const;

    /// Position of the class for items of sources.
    std::size_t source_index() const { return mailbox_.source_index(); }

    // ------------------------------------------------------------------ before the first start

    void set_parent(std::shared_ptr<Parent> parent) { parent_ = std::move(parent); }

    // ------------------------------------------------------------------ on the turn only

    /// Returns the actor of the current incarnation, as `A*`.
    virtual void* actor() = 0;
    std::uint32_t incarnation() const { return incarnation_; }
    /// Whether the incarnation is being taken down: nothing is opened any more.
    bool is_ending() const { return is_ending_; }
    bool is_running() const { return has_incarnation_ && !is_ending_ && !closes_on_exit_; }
    SystemCore& core() { return *core_; }
    std::stop_token stop_token() const { return stop_source_.get_token(); }
    void stop_self();

    /// Runs `action` on the turn at `when`; returns its token. It dies with the incarnation.
    std::uint64_t add_timer(Time when, std::string_view message, Action action);
    /// As add_timer(), and forgets the timer that had `key` before.
    void set_timer(const TimerKey& key, Time when, std::string_view message, Action action);
    void cancel_timer(std::uint64_t token);
    void cancel_timer(const TimerKey& key);

    /// Returns whether one more ask may be open.
    bool can_open_ask() const { return asks_.size() < kAsksMax; }
    /// Keeps the ask until finish_ask() or its deadline; returns its id.
    std::uint64_t open_ask(std::unique_ptr<PendingAsk> ask, Time deadline);
    /// Removes an ask and its timer; null, and counted, when it is over already.
    std::unique_ptr<PendingAsk> finish_ask(std::uint64_t id);
    /// Counts an ask that was refused before it was opened.
    void count_refused_ask();

    std::uint64_t add_listener(std::shared_ptr<void> source);
    void remove_listener(std::uint64_t listener) { listeners_.erase(listener); }
    /// Returns the source, or null when no one listens any more.
    std::shared_ptr<void> listener(std::uint64_t listener) const;

    /// Ticks that are skipped because the one in hand is so late.
    std::uint64_t missed_ticks = 0;

  protected:
    /// Constructs the actor and calls its started() hook; may throw.
    virtual void begin() = 0;
    /// Called once begin() has succeeded and the cell is running.
    virtual void on_running() { acknowledge_start(); }
    virtual void on_stop(StopMode mode);
    virtual void call_stopped(const ExitReason& reason) noexcept = 0;
    virtual void destroy_actor() noexcept = 0;
    /// Lets go of what the cell needs only for another start: it refers to other cells.
    virtual void release() noexcept { parent_ = nullptr; }

    void acknowledge_start();
    /// Ends the incarnation, if there is one, and the cell, if it is to be closed.
    void end(ExitReason reason);
    /// From now on the end of the incarnation is the end of the cell.
    void close_on_exit();
    bool closes() const { return closes_on_exit_; }
    bool has_incarnation() const { return has_incarnation_; }
    bool is_closed() const;

  private:
    struct Event {
        std::string_view message;  // empty: the action says it itself
        Action action;
    };
    struct Monitor {
        std::uint64_t watcher;
        std::uint32_t incarnation;
        std::function<void(const Down&)> notify;
    };
    struct Timer {
        TimerId id = 0;
        std::string_view message;
        std::optional<TimerKey> key;
        Action action;
    };
    struct Next;

    Next take_next(std::size_t wanted, bool is_under_way);
    bool leave();
    void give_back_batch(std::vector<EnvelopePtr>& displaced);
    void handle(Next& next);
    void begin_turn(std::string_view message);
    template <class Work>
    std::optional<std::string> failure_of(Work&& work);
    ExitReason failure(std::string what) const;
    void start();
    void on_timer(std::uint64_t token);
    void cancel_asks();
    void publish_asks();
    void forget_incarnation() noexcept;
    void drop_leftovers(std::vector<EnvelopePtr>& leftovers, bool only_items);
    void count_handled(const Envelope& envelope, Time begun, Time ended);
    bool is_deliverable() const {
        return state_ == CellState::running || state_ == CellState::draining;
    }

    const std::shared_ptr<SystemCore> core_;
    Scheduler& scheduler_;
    const std::string name_;
    const std::uint64_t id_;

    // ---- guarded by mutex_
    alignas(kCacheLine) mutable CellMutex mutex_;
    std::condition_variable_any idle_;
    Mailbox mailbox_;
    std::deque<Event> events_;
    std::vector<Monitor> monitors_;
    ExitReason last_exit_;
    CellState state_ = CellState::created;
    bool is_scheduled_ = false;  // posted to the scheduler, or running
    bool is_running_ = false;    // inside run()
    bool is_closed_ = false;     // takes no more messages
    bool is_dead_ = false;       // takes no more events either
    bool is_pulse_due_ = false;  // was asked for and has not come yet

    // ---- written on the turn, read by other threads; apart from what senders write
    // An event or urgent message waits: end the batch. Senders write it, but seldom.
    alignas(kCacheLine) std::atomic<bool> attention_{false};
    std::atomic<std::uint32_t> incarnation_{0};
    std::atomic<std::uint64_t> turns_{0}, slow_turns_{0};
    std::atomic<std::uint64_t> asks_opened_{0}, asks_completed_{0}, asks_forgotten_{0};
    std::atomic<std::uint64_t> asks_pending_{0};
    std::atomic<Duration::rep> oldest_ask_due_{0};
    std::atomic<std::uint64_t> late_replies_{0}, timer_count_{0};
    std::atomic<const char*> in_message_{nullptr};

    // ---- on the turn only
    std::shared_ptr<Parent> parent_;
    bool has_incarnation_ = false;
    bool is_ending_ = false;
    bool closes_on_exit_ = false;
    std::stop_source stop_source_;
    std::array<EnvelopePtr, kBatchMax> batch_;
    std::size_t batch_next_ = 0;
    std::size_t batch_end_ = 0;
    std::unordered_map<std::uint64_t, Timer> timers_;
    std::map<TimerKey, std::uint64_t> keys_;
    std::uint64_t last_token_ = 0;
    std::map<std::uint64_t, std::unique_ptr<PendingAsk>> asks_;
    std::uint64_t last_ask_ = 0;
    std::map<std::uint64_t, std::shared_ptr<void>> listeners_;
    std::uint64_t last_listener_ = 0;
};

}  // namespace lepton::actor
