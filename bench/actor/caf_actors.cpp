// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The benchmark on CAF 0.17: `bench_actor_caf NAME` makes one measurement. The same program as
// lepton_actors.cpp. Ends without stopping its actors, as nothing of that is measured.
#include "measurement.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace lepton::bench {

template <class Inspector, std::size_t Bytes>
typename Inspector::result_type inspect(Inspector& inspector, MessageOf<Bytes>& message) {
    return inspector(message.words);
}

namespace {

using continue_atom = caf::atom_constant<caf::atom("continue")>;
using ping_atom = caf::atom_constant<caf::atom("ping")>;
using pong_atom = caf::atom_constant<caf::atom("pong")>;
using timers_atom = caf::atom_constant<caf::atom("timers")>;
using due_atom = caf::atom_constant<caf::atom("due")>;

struct Config : caf::actor_system_config {
    Config() {
        add_message_type<Payload>("payload");
        add_message_type<Vote>("vote");
        set("scheduler.max-threads", kWorkers);
    }
};

// Everything an actor needs to live.
struct World {
    Config config;
    caf::actor_system system{config};
};

// ---- one to one, many to one

class Receiver : public caf::event_based_actor {
  public:
    Receiver(caf::actor_config& config, Signal* signal)
        : event_based_actor(config), done_(signal) {}
    caf::behavior make_behavior() override {
        return {[this](const Payload& payload) {
            sum_ += payload.words[0];
            if (++received_ == kMessages) done_->set();
        }};
    }

  private:
    Signal* done_;
    std::uint64_t received_ = 0, sum_ = 0;
};

class Sender : public caf::event_based_actor {
  public:
    Sender(caf::actor_config& config, caf::actor to, std::uint64_t count)
        : event_based_actor(config), to_(std::move(to)), left_(count) {}
    caf::behavior make_behavior() override {
        return {[this](continue_atom) {
            for (std::uint64_t i = 0; i < kMessagesPerTurn && left_ > 0; ++i, --left_)
                send(to_, Payload{{left_}});
            if (left_ > 0) send(this, continue_atom::value);
        }};
    }

  private:
    caf::actor to_;
    std::uint64_t left_;
};

void from_actors(std::uint64_t senders) {
    World world;
    Signal done;
    const caf::actor receiver = world.system.spawn<Receiver>(&done);
    std::vector<caf::actor> from;
    for (std::uint64_t i = 0; i < senders; ++i)
        from.push_back(world.system.spawn<Sender>(receiver, kMessages / senders));
    const Measurement measurement;
    for (const auto& sender : from) caf::anon_send(sender, continue_atom::value);
    done.wait();
    measurement.print(kMessages);
    std::_Exit(0);
}

void from_threads(std::uint64_t senders) {
    World world;
    Signal done;
    const caf::actor receiver = world.system.spawn<Receiver>(&done);
    const Measurement measurement;
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < senders; ++i) {
        threads.emplace_back([&] {
            for (std::uint64_t left = kMessages / senders; left > 0; --left)
                caf::anon_send(receiver, Payload{{left}});
        });
    }
    done.wait();
    measurement.print(kMessages);
    std::_Exit(0);
}

// ---- ping-pong

class Pinger : public caf::event_based_actor {
  public:
    Pinger(caf::actor_config& config, caf::actor other, Signal* signal)
        : event_based_actor(config), other_(std::move(other)), done_(signal) {}
    caf::behavior make_behavior() override {
        return {[this](pong_atom, const Payload& payload) {
            if (left_-- == 0) return done_->set();
            send(other_, ping_atom::value, payload);
        }};
    }

  private:
    caf::actor other_;
    Signal* done_;
    std::uint64_t left_ = kRoundTrips;
};

// Answers to its sender, which is what CAF offers for it.
class Ponger : public caf::event_based_actor {
  public:
    using event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
        return {[this](ping_atom, const Payload& payload) {
            send(caf::actor_cast<caf::actor>(current_sender()), pong_atom::value, payload);
        }};
    }
};

void ping_pong() {
    World world;
    Signal done;
    const caf::actor ponger = world.system.spawn<Ponger>();
    const caf::actor pinger = world.system.spawn<Pinger>(ponger, &done);
    const Measurement measurement;
    caf::anon_send(pinger, pong_atom::value, Payload{});
    done.wait();
    measurement.print(kRoundTrips);
    std::_Exit(0);
}

// ---- ask

class Answerer : public caf::event_based_actor {
  public:
    using event_based_actor::event_based_actor;
    caf::behavior make_behavior() override {
        return {[](const Payload& payload) { return payload; }};
    }
};

class Asker : public caf::event_based_actor {
  public:
    Asker(caf::actor_config& config, caf::actor other, Signal* signal)
        : event_based_actor(config), other_(std::move(other)), done_(signal) {}
    caf::behavior make_behavior() override {
        return {[this](continue_atom) { ask({}); }};
    }

  private:
    void ask(const Payload& payload) {
        if (left_-- == 0) return done_->set();
        request(other_, kAskTimeout, payload)
            .then([this](const Payload& answer) { ask(answer); },
                  [](const caf::error&) { std::abort(); });
    }

    caf::actor other_;
    Signal* done_;
    std::uint64_t left_ = kAsks;
};

void ask() {
    World world;
    Signal done;
    const caf::actor answerer = world.system.spawn<Answerer>();
    const caf::actor asker = world.system.spawn<Asker>(answerer, &done);
    const Measurement measurement;
    caf::anon_send(asker, continue_atom::value);
    done.wait();
    measurement.print(kAsks);
    std::_Exit(0);
}

// ---- timers; times are sent as ticks of the clock

std::int64_t ticks_of(Time time) {
    return time.time_since_epoch().count();
}
Time time_of(std::int64_t ticks) {
    return Time{SteadyClock::duration{ticks}};
}

class Sleeper : public caf::event_based_actor {
  public:
    Sleeper(caf::actor_config& config,
            std::vector<SteadyClock::duration>* lateness,
            std::atomic<std::uint64_t>* fired,
            Signal* signal)
        : event_based_actor(config), lateness_(lateness), fired_(fired), done_(signal) {}
    caf::behavior make_behavior() override {
        return {[this](timers_atom, std::int64_t start, std::uint64_t first) {
                    for (std::uint64_t i = first; i < kTimers; i += kTimerActors) {
                        const Time due = timer_due(time_of(start), i);
                        delayed_send(
                            this, due - SteadyClock::now(), due_atom::value, ticks_of(due));
                    }
                },
                [this](due_atom, std::int64_t due) {
                    const std::uint64_t at = (*fired_)++;
                    (*lateness_)[at] = SteadyClock::now() - time_of(due);
                    if (at + 1 == kTimers) done_->set();
                }};
    }

  private:
    std::vector<SteadyClock::duration>* lateness_;
    std::atomic<std::uint64_t>* fired_;
    Signal* done_;
};

void timers() {
    std::vector<SteadyClock::duration> lateness(kTimers);
    std::atomic<std::uint64_t> fired{0};
    Signal done;
    World world;
    std::vector<caf::actor> sleepers;
    for (std::uint64_t i = 0; i < kTimerActors; ++i)
        sleepers.push_back(world.system.spawn<Sleeper>(&lateness, &fired, &done));
    const Measurement measurement;
    for (std::uint64_t i = 0; i < kTimerActors; ++i)
        caf::anon_send(sleepers[i], timers_atom::value, ticks_of(measurement.started()), i);
    done.wait();
    measurement.print(kTimers, lateness);
    std::_Exit(0);
}

// ---- overload

template <class Message, caf::message_priority TickPriority>
class Flooded : public caf::event_based_actor {
  public:
    Flooded(caf::actor_config& config, Ticks* ticks) : event_based_actor(config), ticks_(ticks) {}
    caf::behavior make_behavior() override {
        return {[this](continue_atom, std::int64_t start) { set(time_of(start) + kTickPeriod); },
                [](const Message&) { spin(kHandlerTime); },
                [this](due_atom, std::int64_t due) {
                    if (const auto next = ticks_->handled(time_of(due))) set(*next);
                }};
    }

  private:
    void set(Time due) {
        const auto delay = std::max(due - SteadyClock::now(), SteadyClock::duration::zero());
        this->template delayed_send<TickPriority>(this, delay, due_atom::value, ticks_of(due));
    }

    Ticks* ticks_;
};

template <class Message, caf::message_priority TickPriority>
void overload() {
    Ticks ticks;
    World world;
    const caf::actor flooded = world.system.spawn<Flooded<Message, TickPriority>>(&ticks);
    const Measurement measurement;
    caf::anon_send(flooded, continue_atom::value, ticks_of(measurement.started()));
    const std::uint64_t sent =
        flood(measurement.started(), [&] { caf::anon_send(flooded, Message{}); });
    measurement.print(sent, ticks.wait(measurement.started()));
    std::_Exit(0);
}

}  // namespace
}  // namespace lepton::bench

int main(int argc, char** argv) {
    using namespace lepton::bench;
    const std::string_view name = argc == 2 ? argv[1] : "";
    if (name == "one_to_one") from_actors(1);
    if (name == "many_to_one") from_actors(kSenders);
    if (name == "one_to_one_threads") from_threads(1);
    if (name == "many_to_one_threads") from_threads(kSenders);
    if (name == "ping_pong") ping_pong();
    if (name == "ask") ask();
    if (name == "timers") timers();
    if (name == "overload_votes") overload<Vote, caf::message_priority::normal>();
    if (name == "overload_small") overload<Payload, caf::message_priority::normal>();
    if (name == "overload_votes_urgent_ticks") overload<Vote, caf::message_priority::high>();
    return 2;
}
