// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "storage/memory/memory_backend.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace lepton::storage {
namespace {

using Tables = std::array<std::map<Bytes, Bytes>, kTableCount>;

class MemoryView final : public ReadView {
  public:
    MemoryView(const Tables& tables, std::shared_mutex& mutex) : tables_(tables), lock_(mutex) {}

    Result<std::optional<ByteView>, IoError> get(Table table, ByteView key) const override {
        const auto& records = tables_.at(static_cast<std::size_t>(table));
        const auto found = records.find(to_bytes(key));
        if (found == records.end()) return std::nullopt;
        return ByteView(found->second);
    }

    Result<std::vector<Entry>, IoError> scan(Table table,
                                             ByteView from,
                                             std::size_t limit) const override {
        const auto& records = tables_.at(static_cast<std::size_t>(table));
        std::vector<Entry> entries;
        for (auto at = records.lower_bound(to_bytes(from));
             at != records.end() && entries.size() < limit;
             ++at) {
            entries.push_back({at->first, at->second});
        }
        return entries;
    }

  private:
    const Tables& tables_;
    std::shared_lock<std::shared_mutex> lock_;
};

}  // namespace

class MemoryBackend final : public Backend {
  public:
    MemoryBackend(std::shared_ptr<MemoryDisk::Contents> contents, std::string name)
        : contents_(std::move(contents)), name_(std::move(name)) {
        contents_->is_open = true;
    }
    ~MemoryBackend() override { contents_->is_open = false; }

    Result<std::unique_ptr<ReadView>, IoError> read() const override {
        return std::make_unique<MemoryView>(contents_->tables, contents_->mutex);
    }

    Result<void, IoError> write(const WriteBatch& batch) override {
        const std::unique_lock lock(contents_->mutex);
        if (contents_->writes >= contents_->fails_after) {
            ++contents_->failures;
            return std::unexpected(IoError{name_ + ": write failed (simulated)"});
        }
        if (contents_->writes >= contents_->power_until) {
            ++contents_->failures;
            if (const auto gone = std::exchange(contents_->power_gone, {})) {
                if (contents_->is_last_kept) apply(batch);
                gone();
            }
            return std::unexpected(IoError{name_ + ": the power is gone (simulated)"});
        }
        apply(batch);
        ++contents_->writes;
        return {};
    }

    const std::string& name() const override { return name_; }

  private:
    void apply(const WriteBatch& batch) {
        for (const Write& change : batch) {
            auto& records = contents_->tables.at(static_cast<std::size_t>(change.table));
            if (change.value) {
                records.insert_or_assign(change.key, *change.value);
            } else {
                records.erase(change.key);
            }
        }
    }

    std::shared_ptr<MemoryDisk::Contents> contents_;
    std::string name_;
};

Result<std::unique_ptr<Backend>, OpenError> MemoryDisk::open(const std::string& name) {
    if (contents_->is_open) {
        return std::unexpected(
            OpenError{OpenError::Kind::in_use, name + " is in use by another node"});
    }
    return std::make_unique<MemoryBackend>(contents_, name);
}

MemoryDisk MemoryDisk::clone() const {
    const std::shared_lock lock(contents_->mutex);
    MemoryDisk copy;
    copy.contents_->tables = contents_->tables;
    copy.contents_->writes = contents_->writes;
    return copy;
}

void MemoryDisk::fail_at(std::uint64_t count) {
    const std::unique_lock lock(contents_->mutex);
    contents_->fails_after = count == 0 ? UINT64_MAX : contents_->writes + count - 1;
}

void MemoryDisk::cut_power_at(std::uint64_t count, bool is_kept, std::function<void()> gone) {
    const std::unique_lock lock(contents_->mutex);
    contents_->power_until = count == 0 ? UINT64_MAX : contents_->writes + count - 1;
    contents_->is_last_kept = is_kept;
    contents_->power_gone = std::move(gone);
}

std::uint64_t MemoryDisk::failures() const {
    const std::shared_lock lock(contents_->mutex);
    return contents_->failures;
}

std::uint64_t MemoryDisk::writes() const {
    const std::shared_lock lock(contents_->mutex);
    return contents_->writes;
}

std::map<Bytes, Bytes>& MemoryDisk::records(Table table) {
    return contents_->tables.at(static_cast<std::size_t>(table));
}

}  // namespace lepton::storage
