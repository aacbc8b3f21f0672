// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The benchmark on lepton's actor kit: `bench_actor_lepton NAME` makes one measurement. The same
// program as caf_actors.cpp. Capacities are above what is ever sent where CAF, which has none, is
// compared in speed; under overload they are as in the node.
#include "actor/system.hpp"
#include "actor/thread_pool.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "measurement.hpp"

#include <cstdlib>
#include <memory>
#include <string_view>

namespace lepton::bench {
namespace {

using namespace actor;

constexpr std::size_t kUnlimited = 2 * kMessages;
constexpr std::size_t kOverloadCapacity = 1024;

struct Continue {};

// Everything an actor needs to live. The last member is destroyed first.
struct World {
    SystemClock clock;
    SystemRandom random;
    ThreadPool pool{"actors", kWorkers, clock};
    CpuPool cpu{"cpu", 1, 1};
    System system{{.control = pool, .offload = cpu, .random = random}};

    template <class A, class... Arguments>
    ActorRef<A> spawn(const char* name, const Arguments&... arguments) {
        return system.spawn<A>({.name = name, .scheduler = pool}, [=] { return A{arguments...}; });
    }
    void wait_until_ready() const {
        while (!system.is_ready()) std::this_thread::yield();
    }
};

template <class M>
void send(const Recipient<M>& to, M message) {
    if (!to.send(std::move(message))) std::abort();
}

// ---- one to one, many to one

class Receiver {
  public:
    using accepts = Accepts<On<Payload, kUnlimited>>;
    explicit Receiver(Signal* done) : done_(done) {}
    void handle(Payload payload, Context<Receiver>&) {
        sum_ += payload.words[0];
        if (++received_ == kMessages) done_->set();
    }

  private:
    Signal* done_;
    std::uint64_t received_ = 0, sum_ = 0;
};

class Sender {
  public:
    using accepts = Accepts<On<Continue, 1>>;
    Sender(Recipient<Payload> to, std::uint64_t count) : to_(std::move(to)), left_(count) {}
    void handle(Continue, Context<Sender>& context) {
        for (std::uint64_t i = 0; i < kMessagesPerTurn && left_ > 0; ++i, --left_)
            send(to_, Payload{{left_}});
        if (left_ > 0) send<Continue>(context.self(), Continue{});
    }

  private:
    Recipient<Payload> to_;
    std::uint64_t left_;
};

void from_actors(std::uint64_t senders) {
    World world;
    Signal done;
    const Recipient<Payload> receiver = world.spawn<Receiver>("receiver", &done);
    std::vector<Recipient<Continue>> from;
    for (std::uint64_t i = 0; i < senders; ++i)
        from.push_back(world.spawn<Sender>("sender", receiver, kMessages / senders));
    world.wait_until_ready();
    const Measurement measurement;
    for (const auto& sender : from) send(sender, Continue{});
    done.wait();
    measurement.print(kMessages);
}

void from_threads(std::uint64_t senders) {
    World world;
    Signal done;
    const Recipient<Payload> receiver = world.spawn<Receiver>("receiver", &done);
    world.wait_until_ready();
    const Measurement measurement;
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < senders; ++i) {
        threads.emplace_back([&] {
            for (std::uint64_t left = kMessages / senders; left > 0; --left)
                send(receiver, Payload{{left}});
        });
    }
    done.wait();
    measurement.print(kMessages);
}

// ---- ping-pong

struct Ping {
    Payload payload;
};
struct Pong {
    Payload payload;
};

class Ponger;
class Pinger {
  public:
    using accepts = Accepts<On<Pong, 1>>;
    Pinger(Recipient<Ping> other, Signal* done) : other_(std::move(other)), done_(done) {}
    void handle(Pong pong, Context<Pinger>&) {
        if (left_-- == 0) return done_->set();
        send(other_, Ping{pong.payload});
    }

  private:
    Recipient<Ping> other_;
    Signal* done_;
    std::uint64_t left_ = kRoundTrips;
};
class Ponger {
  public:
    using accepts = Accepts<On<Ping, 1>>;
    explicit Ponger(Recipient<Pong> other) : other_(std::move(other)) {}
    void handle(Ping ping, Context<Ponger>&) { send(other_, Pong{ping.payload}); }

  private:
    Recipient<Pong> other_;
};

void ping_pong() {
    World world;
    Signal done;
    const auto [pinger, ponger] = world.system.wire<Pinger, Ponger>(
        {{.name = "pinger", .scheduler = world.pool}, {.name = "ponger", .scheduler = world.pool}},
        [&done](const auto& refs) { return Pinger{std::get<1>(refs), &done}; },
        [](const auto& refs) { return Ponger{std::get<0>(refs)}; });
    world.wait_until_ready();
    const Measurement measurement;
    send<Pong>(pinger, Pong{});
    done.wait();
    measurement.print(kRoundTrips);
}

// ---- ask

struct Question {
    using reply = Payload;
    Payload payload;
};

class Answerer {
  public:
    using accepts = Accepts<On<Question, 1>>;
    Payload handle(Question question, Context<Answerer>&) { return question.payload; }
};

class Asker {
  public:
    using accepts = Accepts<On<Continue, 1>>;
    Asker(Recipient<Question> other, Signal* done) : other_(std::move(other)), done_(done) {}
    void handle(Continue, Context<Asker>& context) { ask({}, context); }

  private:
    void ask(Payload payload, Context<Asker>& context) {
        if (left_-- == 0) return done_->set();
        context.ask(other_,
                    {payload},
                    kAskTimeout,
                    [](Asker& self, AskResult<Payload> answer, Context<Asker>& then) {
                        if (!answer) std::abort();
                        self.ask(*answer, then);
                    });
    }

    Recipient<Question> other_;
    Signal* done_;
    std::uint64_t left_ = kAsks;
};

void ask() {
    World world;
    Signal done;
    const Recipient<Question> answerer = world.spawn<Answerer>("answerer");
    const Recipient<Continue> asker = world.spawn<Asker>("asker", answerer, &done);
    world.wait_until_ready();
    const Measurement measurement;
    send(asker, Continue{});
    done.wait();
    measurement.print(kAsks);
}

// ---- timers

struct SetTimers {
    Time start;
    std::uint64_t first;
};

class Sleeper {
  public:
    struct Due {
        Time at;
    };
    using accepts = Accepts<On<SetTimers, 1>>;
    Sleeper(std::vector<SteadyClock::duration>* lateness,
            std::atomic<std::uint64_t>* fired,
            Signal* done)
        : lateness_(lateness), fired_(fired), done_(done) {}
    void handle(SetTimers set, Context<Sleeper>& context) {
        for (std::uint64_t i = set.first; i < kTimers; i += kTimerActors) {
            const Time due = timer_due(set.start, i);
            context.after(due - SteadyClock::now(), Due{due});
        }
    }
    void handle(Due due, Context<Sleeper>&) {
        const std::uint64_t at = (*fired_)++;
        (*lateness_)[at] = SteadyClock::now() - due.at;
        if (at + 1 == kTimers) done_->set();
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
    std::vector<Recipient<SetTimers>> sleepers;
    for (std::uint64_t i = 0; i < kTimerActors; ++i)
        sleepers.push_back(world.spawn<Sleeper>("sleeper", &lateness, &fired, &done));
    world.wait_until_ready();
    const Measurement measurement;
    for (std::uint64_t i = 0; i < kTimerActors; ++i)
        send(sleepers[i], SetTimers{measurement.started(), i});
    done.wait();
    measurement.print(kTimers, lateness);
}

// ---- overload

struct Begin {
    Time start;
};

template <class Message>
class Flooded {
  public:
    struct Tick {
        Time due;
    };
    using accepts = Accepts<On<Begin, 1>, On<Message, kOverloadCapacity, Overflow::drop_oldest>>;
    explicit Flooded(Ticks* ticks) : ticks_(ticks) {}
    void handle(Begin begin, Context<Flooded>& context) { set(begin.start + kTickPeriod, context); }
    void handle(Message, Context<Flooded>&) { spin(kHandlerTime); }
    void handle(Tick tick, Context<Flooded>& context) {
        if (const auto next = ticks_->handled(tick.due)) set(*next, context);
    }

  private:
    static void set(Time due, Context<Flooded>& context) {
        context.key_after("tick", due - SteadyClock::now(), Tick{due});
    }

    Ticks* ticks_;
};

template <class Message>
void overload() {
    Ticks ticks;
    World world;
    const auto flooded = world.spawn<Flooded<Message>>("flooded", &ticks);
    world.wait_until_ready();
    const Measurement measurement;
    send<Begin>(flooded, Begin{measurement.started()});
    const std::uint64_t sent =
        flood(measurement.started(), [&] { flooded.send_or_count(Message{}); });
    measurement.print(sent, ticks.wait(measurement.started()));
}

}  // namespace
}  // namespace lepton::bench

int main(int argc, char** argv) {
    using namespace lepton::bench;
    const std::string_view name = argc == 2 ? argv[1] : "";
    if (name == "one_to_one") {
        from_actors(1);
    } else if (name == "many_to_one") {
        from_actors(kSenders);
    } else if (name == "one_to_one_threads") {
        from_threads(1);
    } else if (name == "many_to_one_threads") {
        from_threads(kSenders);
    } else if (name == "ping_pong") {
        ping_pong();
    } else if (name == "ask") {
        ask();
    } else if (name == "timers") {
        timers();
    } else if (name == "overload_votes" || name == "overload_votes_urgent_ticks") {
        overload<Vote>();
    } else if (name == "overload_small") {
        overload<Payload>();
    } else {
        return 2;
    }
}
