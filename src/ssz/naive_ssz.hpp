// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: SSZ by its definition, one function per kind of type, with nothing of the codec.
// Slow and easy to check by eye. Values; any thread.
#pragma once

#include "base/assert.hpp"
#include "crypto/sha256.hpp"
#include "ssz/bitlist.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace lepton::ssz::naive {

/// What the definition says of one value.
struct Form {
    Bytes bytes;
    Bytes32 root{};
    bool is_variable = false;
};

inline Bytes32 hash(const Bytes32& left, const Bytes32& right) {
    Bytes both = to_bytes(left);
    append(both, right);
    return crypto::sha256(both);
}

inline Bytes little_endian(std::uint64_t number, std::size_t size) {
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i, number >>= 8) {
        bytes.push_back(static_cast<std::uint8_t>(number & 0xff));
    }
    return bytes;
}

/// The root of a full binary tree of 2^depth leaves that begins with `leaves`, the rest zero.
inline Bytes32 tree_root(std::span<const Bytes32> leaves, std::size_t depth) {
    if (depth == 0) return leaves.empty() ? Bytes32{} : leaves.front();
    if (leaves.empty()) {
        const Bytes32 half = tree_root({}, depth - 1);
        return hash(half, half);
    }
    const std::size_t half = std::size_t{1} << (depth - 1);
    const std::size_t left = std::min(half, leaves.size());
    return hash(tree_root(leaves.first(left), depth - 1),
                tree_root(leaves.subspan(left), depth - 1));
}

/// The root of `leaves` in the smallest tree that has room for `limit` of them.
inline Bytes32 merkleize(std::span<const Bytes32> leaves, std::uint64_t limit) {
    LEPTON_ASSERT(leaves.size() <= limit);
    std::size_t depth = 0;
    while ((std::uint64_t{1} << depth) < limit) ++depth;
    return tree_root(leaves, depth);
}

inline Bytes32 chunk(ByteView bytes) {
    Bytes32 padded{};
    std::ranges::copy(bytes, padded.begin());
    return padded;
}

inline std::vector<Bytes32> chunks(ByteView bytes) {
    std::vector<Bytes32> all;
    while (!bytes.empty()) {
        const std::size_t size = std::min<std::size_t>(32, bytes.size());
        all.push_back(chunk(bytes.first(size)));
        bytes = bytes.subspan(size);
    }
    return all;
}

inline Bytes32 mix_in_length(const Bytes32& root, std::uint64_t length) {
    return hash(root, chunk(little_endian(length, 8)));
}

/// uint64.
inline Form number(std::uint64_t value) {
    const Bytes bytes = little_endian(value, 8);
    return {bytes, chunk(bytes), false};
}

/// Vector[byte, N].
inline Form byte_vector(ByteView bytes) {
    return {to_bytes(bytes), merkleize(chunks(bytes), (bytes.size() + 31) / 32), false};
}

/// ByteList[limit].
inline Form byte_list(ByteView bytes, std::uint64_t limit) {
    const Bytes32 content = merkleize(chunks(bytes), (limit + 31) / 32);
    return {to_bytes(bytes), mix_in_length(content, bytes.size()), true};
}

/// Bitlist[limit].
inline Form bitlist(const Bits& bits, std::uint64_t limit) {
    const auto packed = [&](std::size_t size) {
        Bytes bytes((size + 7) / 8);
        for (std::size_t i = 0; i < bits.size(); ++i) {
            if (bits[i]) bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | 1U << (i % 8));
        }
        return bytes;
    };
    const Bytes32 content = merkleize(chunks(packed(bits.size())), (limit + 255) / 256);
    Bytes bytes = packed(bits.size() + 1);
    bytes.back() = static_cast<std::uint8_t>(bytes.back() | 1U << (bits.size() % 8));
    return {bytes, mix_in_length(content, bits.size()), true};
}

/// What `parts` are in a row: each in place, or its offset in place and itself behind all others.
inline Bytes sequence(std::span<const Form> parts) {
    std::size_t offset = 0;
    for (const Form& part : parts) offset += part.is_variable ? 4 : part.bytes.size();
    Bytes head;
    Bytes tail;
    for (const Form& part : parts) {
        if (part.is_variable) {
            append(head, little_endian(offset + tail.size(), 4));
            append(tail, part.bytes);
        } else {
            append(head, part.bytes);
        }
    }
    append(head, tail);
    return head;
}

inline std::vector<Bytes32> roots_of(std::span<const Form> parts) {
    std::vector<Bytes32> roots;
    for (const Form& part : parts) roots.push_back(part.root);
    return roots;
}

/// List[T, limit] of a T that is not a number.
inline Form list(const std::vector<Form>& items, std::uint64_t limit) {
    return {sequence(items), mix_in_length(merkleize(roots_of(items), limit), items.size()), true};
}

inline Form container(const std::vector<Form>& fields) {
    const bool is_variable = std::ranges::any_of(fields, &Form::is_variable);
    return {sequence(fields), merkleize(roots_of(fields), fields.size()), is_variable};
}

}  // namespace lepton::ssz::naive
