// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "storage/record.hpp"

#include "crypto/sha256.hpp"

#include <algorithm>
#include <array>

namespace lepton::storage {
namespace {

/// The digest of table, length of the key, key and value.
Bytes32 digest_of(Table table, ByteView key, ByteView value) {
    const std::array<std::uint8_t, 2> head{static_cast<std::uint8_t>(table),
                                           static_cast<std::uint8_t>(key.size())};
    crypto::Sha256 hash;
    hash.update(head);
    hash.update(key);
    hash.update(value);
    return hash.finish();
}

}  // namespace

Bytes seal(Table table, ByteView key, Bytes value) {
    const Bytes32 digest = digest_of(table, key, value);
    value.insert(value.end(), digest.begin(), digest.begin() + kChecksumSize);
    return value;
}

std::optional<ByteView> unseal(Table table, ByteView key, ByteView record) {
    if (record.size() < kChecksumSize) return std::nullopt;
    const ByteView value = record.first(record.size() - kChecksumSize);
    const Bytes32 digest = digest_of(table, key, value);
    if (!std::ranges::equal(record.last(kChecksumSize), ByteView(digest).first(kChecksumSize))) {
        return std::nullopt;
    }
    return value;
}

}  // namespace lepton::storage
