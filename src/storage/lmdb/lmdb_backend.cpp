// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// LMDB maps the file into memory and cannot grow the map while views are open. So the map is made
// larger than the data by far, which costs address space only, and is chosen anew at each start: it
// always has room for as much again as there is. Commits are the engine's safest kind: data pages,
// fdatasync, then the page that makes them valid. The engine checks no page: lmdb_check.hpp does at
// the start, and records carry checksums of their own.
#include "storage/lmdb/lmdb_backend.hpp"

#include "base/log.hpp"
#include "storage/lmdb/lmdb_check.hpp"
#include "storage/records.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace lepton::storage {
namespace {

/// Views at the same time, over all threads: each costs 64 bytes of the lock file.
constexpr unsigned kReadersMax = 512;
/// A year of blocks of a busy network, and small enough for every address-space limit in use. The
/// map is made smaller, down to kMapSizeMin, where the system refuses it.
constexpr std::size_t kMapSize = std::size_t{1} << 38;
constexpr std::size_t kMapSizeMin = std::size_t{1} << 30;

std::string system_text(int code) {
    return code > 0 ? std::generic_category().message(code) : ::mdb_strerror(code);
}

MDB_val to_value(ByteView bytes) {
    // LMDB's type is not const-correct; it only reads keys and values that are given to it.
    return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

ByteView to_view(const MDB_val& value) {
    return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

struct CloseTransaction {
    void operator()(MDB_txn* transaction) const { ::mdb_txn_abort(transaction); }
};
using Transaction = std::unique_ptr<MDB_txn, CloseTransaction>;

struct CloseCursor {
    void operator()(MDB_cursor* cursor) const { ::mdb_cursor_close(cursor); }
};

struct CloseEnvironment {
    void operator()(MDB_env* environment) const { ::mdb_env_close(environment); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

using Handles = std::array<MDB_dbi, kTableCount>;

/// A file descriptor that holds the lock of a data directory.
class DirectoryLock {
  public:
    explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
    ~DirectoryLock() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    DirectoryLock(DirectoryLock&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)) {}
    DirectoryLock& operator=(DirectoryLock&&) = delete;
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;

  private:
    int descriptor_;
};

class LmdbView final : public ReadView {
  public:
    LmdbView(Transaction transaction, const Handles& handles, const std::string& name)
        : transaction_(std::move(transaction)), handles_(handles), name_(name) {}

    Result<std::optional<ByteView>, IoError> get(Table table, ByteView key) const override {
        MDB_val wanted = to_value(key);
        MDB_val found{};
        const int code = ::mdb_get(
            transaction_.get(), handles_.at(static_cast<std::size_t>(table)), &wanted, &found);
        if (code == MDB_NOTFOUND) return std::nullopt;
        if (code != MDB_SUCCESS) return std::unexpected(error("read", code));
        return to_view(found);
    }

    Result<std::vector<Entry>, IoError> scan(Table table,
                                             ByteView from,
                                             std::size_t limit) const override {
        MDB_cursor* raw = nullptr;
        int code = ::mdb_cursor_open(
            transaction_.get(), handles_.at(static_cast<std::size_t>(table)), &raw);
        if (code != MDB_SUCCESS) return std::unexpected(error("read", code));
        const std::unique_ptr<MDB_cursor, CloseCursor> cursor(raw);
        std::vector<Entry> entries;
        MDB_val key = to_value(from);
        MDB_val value{};
        // An empty key is not one LMDB can look for.
        code = ::mdb_cursor_get(raw, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
        while (code == MDB_SUCCESS && entries.size() < limit) {
            entries.push_back({to_view(key), to_view(value)});
            code = ::mdb_cursor_get(raw, &key, &value, MDB_NEXT);
        }
        if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
            return std::unexpected(error("read", code));
        }
        return entries;
    }

  private:
    IoError error(std::string_view what, int code) const {
        return {fmt::format("{}: cannot {}: {}", name_, what, system_text(code))};
    }

    Transaction transaction_;
    const Handles& handles_;
    const std::string& name_;
};

class LmdbBackend final : public Backend {
  public:
    LmdbBackend(std::string name, DirectoryLock lock, Environment environment, Handles handles)
        : name_(std::move(name)),
          lock_(std::move(lock)),
          environment_(std::move(environment)),
          handles_(handles) {}

    Result<std::unique_ptr<ReadView>, IoError> read() const override {
        MDB_txn* raw = nullptr;
        const int code = ::mdb_txn_begin(environment_.get(), nullptr, MDB_RDONLY, &raw);
        if (code != MDB_SUCCESS) {
            return std::unexpected(
                IoError{fmt::format("{}: cannot read: {}", name_, system_text(code))});
        }
        return std::make_unique<LmdbView>(Transaction(raw), handles_, name_);
    }

    Result<void, IoError> write(const WriteBatch& batch) override {
        MDB_txn* raw = nullptr;
        int code = ::mdb_txn_begin(environment_.get(), nullptr, 0, &raw);
        if (code != MDB_SUCCESS) return std::unexpected(write_error(code));
        Transaction transaction(raw);
        for (const Write& change : batch) {
            const MDB_dbi handle = handles_.at(static_cast<std::size_t>(change.table));
            MDB_val key = to_value(change.key);
            if (change.value) {
                MDB_val value = to_value(*change.value);
                code = ::mdb_put(raw, handle, &key, &value, 0);
            } else {
                code = ::mdb_del(raw, handle, &key, nullptr);
                if (code == MDB_NOTFOUND) code = MDB_SUCCESS;
            }
            if (code != MDB_SUCCESS) return std::unexpected(write_error(code));
        }
        // Frees the transaction, also when it fails.
        code = ::mdb_txn_commit(transaction.release());
        if (code != MDB_SUCCESS) return std::unexpected(write_error(code));
        return {};
    }

    const std::string& name() const override { return name_; }

  private:
    IoError write_error(int code) const {
        if (code == MDB_MAP_FULL) {
            return {
                fmt::format("{}: the database has filled its memory map: start lepton again, "
                            "it then makes a larger one",
                            name_)};
        }
        return {fmt::format("{}: cannot write: {}", name_, system_text(code))};
    }

    std::string name_;
    DirectoryLock lock_;
    Environment environment_;
    Handles handles_;
};

OpenError io_error(const std::string& name, std::string_view what, int code) {
    return {OpenError::Kind::io, fmt::format("{}: cannot {}: {}", name, what, system_text(code))};
}

/// Makes `directory` and locks it. The lock file holds the number of the process that has it.
Result<DirectoryLock, OpenError> lock_directory(const std::string& directory) {
    std::error_code failure;
    const bool is_made = std::filesystem::create_directories(directory, failure);
    if (failure) return std::unexpected(io_error(directory, "make it", failure.value()));
    if (is_made) {
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failure);
        if (failure) return std::unexpected(io_error(directory, "protect it", failure.value()));
    }
    const std::string path = directory + "/LOCK";
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return std::unexpected(io_error(path, "open it", errno));
    DirectoryLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return std::unexpected(io_error(path, "lock it", errno));
        std::array<char, 32> owner{};
        const ssize_t size = ::pread(descriptor, owner.data(), owner.size(), 0);
        const std::string_view text(owner.data(),
                                    static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        return std::unexpected(OpenError{
            OpenError::Kind::in_use,
            fmt::format("{} is in use by process {}: stop it, or choose another data directory",
                        directory,
                        log::quoted(text))});
    }
    const std::string owner = std::to_string(::getpid());
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
        return std::unexpected(io_error(path, "write it", errno));
    }
    return lock;
}

/// Opens the environment with the largest map that the system gives, `wanted` at most.
Result<Environment, OpenError> open_environment(const std::string& directory, std::size_t wanted) {
    for (std::size_t map_size = wanted;; map_size /= 2) {
        MDB_env* raw = nullptr;
        int code = ::mdb_env_create(&raw);
        if (code != MDB_SUCCESS) return std::unexpected(io_error(directory, "open it", code));
        Environment environment(raw);
        ::mdb_env_set_maxdbs(raw, kTableCount);
        ::mdb_env_set_maxreaders(raw, kReadersMax);
        ::mdb_env_set_mapsize(raw, map_size);
        code = ::mdb_env_open(raw, directory.c_str(), MDB_NOTLS, 0600);
        if (code == MDB_SUCCESS) return environment;
        if (code == ENOMEM && map_size / 2 >= std::max(kMapSizeMin, wanted / 1024)) continue;
        if (code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED) {
            return std::unexpected(
                OpenError{OpenError::Kind::damaged, damage_report(directory, system_text(code))});
        }
        return std::unexpected(io_error(directory, "open it", code));
    }
}

Result<Handles, OpenError> open_tables(MDB_env* environment, const std::string& directory) {
    MDB_txn* raw = nullptr;
    int code = ::mdb_txn_begin(environment, nullptr, 0, &raw);
    if (code != MDB_SUCCESS) return std::unexpected(io_error(directory, "open it", code));
    Transaction transaction(raw);
    Handles handles{};
    for (std::size_t i = 0; i < kTableCount; ++i) {
        const std::string table(to_string(static_cast<Table>(i)));
        code = ::mdb_dbi_open(raw, table.c_str(), MDB_CREATE, &handles.at(i));
        if (code == MDB_INCOMPATIBLE) {
            return std::unexpected(
                OpenError{OpenError::Kind::damaged, damage_report(directory, "no table " + table)});
        }
        if (code != MDB_SUCCESS) return std::unexpected(io_error(directory, "open it", code));
    }
    code = ::mdb_txn_commit(transaction.release());
    if (code != MDB_SUCCESS) return std::unexpected(io_error(directory, "open it", code));
    return handles;
}

/// Makes the names of new files durable.
Result<void, OpenError> sync_directory(const std::string& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return std::unexpected(io_error(directory, "open it", errno));
    const DirectoryLock closer(descriptor);
    if (::fsync(descriptor) != 0) return std::unexpected(io_error(directory, "sync it", errno));
    return {};
}

}  // namespace

Result<std::unique_ptr<Backend>, OpenError> open_lmdb(const std::string& directory) {
    auto lock = lock_directory(directory);
    if (!lock) return std::unexpected(lock.error());
    const std::string data_file = directory + "/data.mdb";
    if (const auto problem = check_lmdb_file(data_file)) {
        return std::unexpected(
            OpenError{OpenError::Kind::damaged, damage_report(directory, *problem)});
    }
    std::error_code failure;
    const std::uintmax_t size = std::filesystem::file_size(data_file, failure);
    const std::size_t data_size = failure ? 0 : static_cast<std::size_t>(size);
    auto environment = open_environment(directory, std::max(kMapSize, 2 * data_size));
    if (!environment) return std::unexpected(environment.error());
    const auto handles = open_tables(environment->get(), directory);
    if (!handles) return std::unexpected(handles.error());
    for (const std::string& place :
         {directory, std::filesystem::absolute(directory).parent_path().string()}) {
        if (auto synced = sync_directory(place); !synced) return std::unexpected(synced.error());
    }
    return std::make_unique<LmdbBackend>(
        directory, std::move(*lock), std::move(*environment), *handles);
}

}  // namespace lepton::storage
