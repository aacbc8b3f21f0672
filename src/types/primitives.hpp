// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The numbers and roots of the specification as types that do not mix. Values; any thread.
#pragma once

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>

namespace lepton {

/// An unsigned 64-bit quantity named by `Tag`. Differences and offsets are plain numbers; sums of
/// two quantities do not compile. Callers check bounds before arithmetic on what a peer sent:
/// values wrap as unsigned numbers do.
template <class Tag>
struct Quantity {
    std::uint64_t value = 0;

    constexpr Quantity() = default;
    constexpr explicit Quantity(std::uint64_t number) : value(number) {}

    constexpr auto operator<=>(const Quantity&) const = default;
    constexpr Quantity operator+(std::uint64_t offset) const { return Quantity{value + offset}; }
    constexpr Quantity operator-(std::uint64_t offset) const { return Quantity{value - offset}; }
    constexpr std::uint64_t operator-(Quantity other) const { return value - other.value; }
    constexpr Quantity& operator++() {
        ++value;
        return *this;
    }
};

/// Number of a slot since genesis.
using Slot = Quantity<struct SlotTag>;
/// Number of an interval (a fifth of a slot) since genesis; the fork-choice store's time.
using Interval = Quantity<struct IntervalTag>;
/// Position in the validator registry.
using ValidatorIndex = Quantity<struct ValidatorIndexTag>;
/// Number of an attestation subnet (committee).
using SubnetId = Quantity<struct SubnetIdTag>;

/// An SSZ hash_tree_root; of a block, state or attestation data. Ordered bytewise.
struct Root {
    Bytes32 bytes{};

    bool is_zero() const { return *this == Root{}; }
    auto operator<=>(const Root&) const = default;
};

inline std::string to_hex(const Root& root) {
    return "0x" + to_hex(ByteView{root.bytes});
}
inline std::string short_hex(const Root& root) {
    return short_hex(ByteView{root.bytes});
}

}  // namespace lepton

template <class Tag>
struct std::hash<lepton::Quantity<Tag>> {
    std::size_t operator()(lepton::Quantity<Tag> quantity) const noexcept {
        return std::hash<std::uint64_t>{}(quantity.value);
    }
};

/// Roots are uniformly distributed already.
template <>
struct std::hash<lepton::Root> {
    std::size_t operator()(const lepton::Root& root) const noexcept {
        std::size_t head = 0;
        std::memcpy(&head, root.bytes.data(), sizeof head);
        return head;
    }
};

template <class Tag>
struct fmt::formatter<lepton::Quantity<Tag>> : fmt::formatter<std::uint64_t> {
    auto format(lepton::Quantity<Tag> quantity, fmt::format_context& context) const {
        return fmt::formatter<std::uint64_t>::format(quantity.value, context);
    }
};

/// The short form of logs: "0x" and four bytes.
template <>
struct fmt::formatter<lepton::Root> : fmt::formatter<std::string> {
    auto format(const lepton::Root& root, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(lepton::short_hex(root), context);
    }
};
