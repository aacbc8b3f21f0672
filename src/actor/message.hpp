// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What an actor accepts, written in its type: each message with the capacity, overflow policy and
// lane of its class, and the concepts that check its handlers. Types only; any thread.
#pragma once

#include "actor/type_name.hpp"
#include "base/assert.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lepton::actor {

/// What happens to a message whose class is full.
enum class Overflow : std::uint8_t {
    reject,       ///< the sender keeps it: work whose owner can retry or shed
    drop_oldest,  ///< the oldest of the class is dropped and counted: fresh beats stale
    coalesce,     ///< capacity 1, the newer replaces the older: state notifications
    fatal,  ///< the system stops with exit code 71: must not be lost, cannot overflow by design
};

/// Urgent messages are handled before normal ones; each lane keeps the order of arrival.
enum class Lane : std::uint8_t { urgent, normal };

/// Why a send was refused.
enum class SendError : std::uint8_t {
    full,     ///< the class is full; may fit later
    stopped,  ///< the actor has ended and will not come back (a restart does not end it)
};

/// Why an ask has no answer.
enum class AskError : std::uint8_t {
    full,       ///< refused: the class was full, or the asker has too many open asks
    stopped,    ///< the asked actor has ended for good
    dropped,    ///< accepted, then let go unanswered: overflow, failure, Reply destroyed
    timeout,    ///< no answer until the deadline
    cancelled,  ///< the asker is being stopped
};

std::string_view to_string(Overflow policy);
std::string_view to_string(Lane lane);
std::string_view to_string(SendError error);
std::string_view to_string(AskError error);

/// Accepted, or why not. A refused message is still in the sender's variable.
class [[nodiscard(
    "a refused message must be handled; send_or_count states that it may be lost")]] SendResult {
  public:
    /// Accepted.
    constexpr SendResult() = default;
    constexpr SendResult(SendError error) : error_(error) {}

    constexpr explicit operator bool() const { return !error_; }
    /// Returns why it was refused. Requires a refusal.
    constexpr SendError error() const {
        LEPTON_ASSERT(error_.has_value());
        return *error_;
    }
    bool operator==(const SendResult&) const = default;

  private:
    std::optional<SendError> error_;
};

/// A message with `using reply = R` cannot be sent, only asked.
template <class M>
concept Asks = requires { typename M::reply; };

/// A message type for which `mailbox_cost(const M&)` returns the bytes it holds: its class may have
/// a byte limit too.
template <class M>
concept HasMailboxCost = requires(const M& message) {
    { mailbox_cost(message) } -> std::convertible_to<std::size_t>;
};

/// The bounds of one message class, as data.
struct ClassSpec {
    std::string_view message;
    std::size_t capacity;
    std::size_t bytes_max;  ///< 0: no byte limit
    Overflow policy;
    Lane lane;
};

/// One message class of an actor: at most `Capacity` messages M wait at a time, and if `BytesMax`
/// is not 0 at most that many bytes by mailbox_cost.
template <class M,
          std::size_t Capacity,
          Overflow Policy = Overflow::reject,
          Lane In = Lane::normal,
          std::size_t BytesMax = 0>
struct On {
    static_assert(Capacity > 0, "a message class needs a capacity above zero");
    static_assert(Policy != Overflow::coalesce || Capacity == 1,
                  "a coalescing message class has capacity 1");
    static_assert(std::is_nothrow_move_constructible_v<M> && std::is_nothrow_move_assignable_v<M>,
                  "messages are moved between threads: M must be nothrow movable");
    static_assert(BytesMax == 0 || HasMailboxCost<M>,
                  "a byte limit needs mailbox_cost(const M&) beside the message");
    using message = M;
    static constexpr ClassSpec spec{type_name<M>(), Capacity, BytesMax, Policy, In};
};

/// The message classes of an actor: `using accepts = Accepts<On<...>, ...>`.
template <class... Classes>
struct Accepts {
    static constexpr std::size_t size = sizeof...(Classes);
    static constexpr std::array<ClassSpec, size> specs{Classes::spec...};

    template <class M>
    static constexpr std::size_t count =
        (std::size_t{0} + ... + std::size_t{std::same_as<typename Classes::message, M>});
    static_assert(((count<typename Classes::message> == 1) && ...),
                  "each message has one class per actor");

    template <class M>
    static constexpr bool has = count<M> == 1;
    /// The position of M's class.
    template <class M>
    static constexpr std::size_t index = [] {
        std::size_t at = 0, found = size;
        ((found = std::same_as<typename Classes::message, M> ? at : found, ++at), ...);
        return found;
    }();
    /// Whether Check<M>::value holds for every message.
    template <template <class> class Check>
    static constexpr bool all = (Check<typename Classes::message>::value && ...);
};

template <class R>
class Reply;
template <class A>
class Context;

/// `void handle(M, Context<A>&)`: plain messages, timer messages, items of a source.
template <class A, class M>
concept HandlesPlain = requires(A& actor, M message, Context<A>& context) {
    { actor.handle(std::move(message), context) } -> std::same_as<void>;
};
/// `R handle(M, Context<A>&)`: answers with what it returns.
template <class A, class M>
concept AnswersNow = Asks<M> && requires(A& actor, M message, Context<A>& context) {
    { actor.handle(std::move(message), context) } -> std::same_as<typename M::reply>;
};
/// `void handle(M, Reply<R>, Context<A>&)`: answers when it likes.
template <class A, class M>
concept AnswersLater =
    Asks<M> && requires(A& actor, M message, Reply<typename M::reply> reply, Context<A>& context) {
        { actor.handle(std::move(message), std::move(reply), context) } -> std::same_as<void>;
    };

namespace detail {
template <class A, class M>
constexpr bool handles() {
    if constexpr (Asks<M>) {
        return AnswersNow<A, M> || AnswersLater<A, M>;
    } else {
        return HandlesPlain<A, M>;
    }
}
template <class A>
struct HandledBy {
    template <class M>
    struct Check : std::bool_constant<handles<A, M>()> {};
};
}  // namespace detail

/// A class with `accepts` and a fitting handler for each message in it.
template <class A>
concept Actor = std::is_object_v<A> && requires { typename A::accepts; } &&
                A::accepts::template all<detail::HandledBy<A>::template Check>;

/// Whether A has a class for M.
template <class A, class M>
concept Receives = A::accepts::template has<M>;

}  // namespace lepton::actor
