// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The ordered key-value store below Storage: a few tables of byte strings, snapshots to read from,
// and one atomic durable write. Two implementations: lmdb/ and memory/. A backend knows nothing of
// blocks and checks nothing but its own health.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::storage {

/// Stored on disk by name (LMDB) and by number (in checksums): never renumber or rename.
enum class Table : std::uint8_t {
    meta = 0,
    blocks = 1,
    nodes = 2,
    slots = 3,
    canonical = 4,
    states = 5,
};
inline constexpr std::size_t kTableCount = 6;

/// Returns the name of `table` in the database and in messages.
std::string_view to_string(Table table);

/// Why a database cannot be used. `what` is one line that says what to do.
struct OpenError {
    enum class Kind : std::uint8_t {
        /// Another process, or another part of this one, has it open.
        in_use,
        /// It belongs to another network.
        foreign,
        /// A newer program wrote it.
        newer_format,
        /// It contradicts itself.
        damaged,
        /// The system refuses to read or write it.
        io,
    };
    Kind kind = Kind::io;
    std::string what;
};

/// One change: `value` replaces what `key` had; without a value the key is deleted, if it exists.
struct Write {
    Table table;
    Bytes key;
    std::optional<Bytes> value;
};
using WriteBatch = std::vector<Write>;

/// Borrowed from the ReadView that gave it.
struct Entry {
    ByteView key;
    ByteView value;
};

/// One committed state of the database. Belongs to one thread; keep it for one question only:
/// backends cannot reuse old space while a view is open, or let the writer wait.
class ReadView {
  public:
    virtual ~ReadView() = default;

    /// Returns the value of `key`, borrowed from this view; nothing when there is none.
    virtual Result<std::optional<ByteView>, IoError> get(Table table, ByteView key) const = 0;

    /// Returns the first `limit` entries whose key is not below `from`, ascending by key.
    virtual Result<std::vector<Entry>, IoError> scan(Table table,
                                                     ByteView from,
                                                     std::size_t limit) const = 0;
};

class Backend {
  public:
    virtual ~Backend() = default;

    /// Returns a view of the latest commit. Any thread.
    virtual Result<std::unique_ptr<ReadView>, IoError> read() const = 0;

    /// Applies all of `batch`, in order, and makes it durable; on an error nothing of it may be
    /// seen. One thread writes, and has no view open meanwhile.
    virtual Result<void, IoError> write(const WriteBatch& batch) = 0;

    /// Returns what messages call this database: its path.
    virtual const std::string& name() const = 0;
};

}  // namespace lepton::storage
