// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Input from outside the actors (sockets, signals), pulled by demand: the next item is asked for
// only after the previous one was handled, so back-pressure reaches the socket and no queue grows
// in between. Its end is a message of its own and never silent.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <utility>

namespace lepton::actor {

/// Tells a listener that its source gives nothing more.
struct SourceEnd {
    std::string source;
    std::string why;
    bool is_failure = false;  ///< false: a requested end

    bool operator==(const SourceEnd&) const = default;
};

/// The right to deliver one item, once, from any thread. Move-only; destroying it unused tells the
/// listener that the source has failed.
template <class T>
class [[nodiscard]] Demand {
  public:
    using Deliver = std::move_only_function<void(std::expected<T, SourceEnd>)>;

    explicit Demand(Deliver deliver) : deliver_(std::move(deliver)) {}
    Demand(Demand&& other) noexcept : deliver_(std::exchange(other.deliver_, nullptr)) {}
    Demand& operator=(Demand&& other) noexcept {
        if (this != &other) {
            abandon();
            deliver_ = std::exchange(other.deliver_, nullptr);
        }
        return *this;
    }
    ~Demand() { abandon(); }

    void item(T value) && { finish(std::move(value)); }
    void end(SourceEnd why) && { finish(std::unexpected(std::move(why))); }

  private:
    void finish(std::expected<T, SourceEnd> result) {
        if (auto deliver = std::exchange(deliver_, nullptr)) deliver(std::move(result));
    }
    void abandon() {
        if (deliver_)
            finish(std::unexpected(
                SourceEnd{.source = "-", .why = "source gave up its demand", .is_failure = true}));
    }

    Deliver deliver_;
};

/// Something an actor can listen to (Context::listen). One listener per source.
template <class T>
class Source {
  public:
    using Item = T;

    virtual ~Source() = default;

    /// Delivers the next item to `demand` as soon as there is one, or the end. Called again only
    /// after that item was handled. Called on the listener's turn; may answer from any thread, also
    /// at once.
    virtual void next(Demand<T> demand) = 0;
};

}  // namespace lepton::actor
