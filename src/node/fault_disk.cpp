// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/fault_disk.hpp"

#ifdef LEPTON_FAULTS

#include "base/fault.hpp"

#include <utility>

namespace lepton::node {
namespace {

class FaultBackend final : public storage::Backend {
  public:
    explicit FaultBackend(std::unique_ptr<storage::Backend> inner) : inner_(std::move(inner)) {}

    Result<std::unique_ptr<storage::ReadView>, IoError> read() const override {
        LEPTON_FAULT("disk.storage_read");
        if (LEPTON_FAULT_ERROR("disk.storage_read")) return std::unexpected(error());
        return inner_->read();
    }
    Result<void, IoError> write(const storage::WriteBatch& batch) override {
        LEPTON_FAULT("disk.storage");
        if (LEPTON_FAULT_ERROR("disk.storage")) return std::unexpected(error());
        return inner_->write(batch);
    }
    const std::string& name() const override { return inner_->name(); }

  private:
    IoError error() const { return {name() + ": injected fault"}; }

    std::unique_ptr<storage::Backend> inner_;
};

class FaultJournalFile final : public validator::JournalFile {
  public:
    explicit FaultJournalFile(std::unique_ptr<validator::JournalFile> inner)
        : inner_(std::move(inner)) {}

    Result<std::uint64_t, IoError> size() const override { return inner_->size(); }
    Result<void, IoError> read(std::uint64_t offset, MutableByteView out) const override {
        return inner_->read(offset, out);
    }
    Result<void, IoError> write(std::uint64_t offset, ByteView bytes) override {
        return inner_->write(offset, bytes);
    }
    Result<void, IoError> sync() override {
        LEPTON_FAULT("disk.journal");
        if (LEPTON_FAULT_ERROR("disk.journal")) {
            return std::unexpected(IoError{name() + ": injected fault"});
        }
        return inner_->sync();
    }
    const std::string& name() const override { return inner_->name(); }

  private:
    std::unique_ptr<validator::JournalFile> inner_;
};

}  // namespace

std::unique_ptr<storage::Backend> with_faults(std::unique_ptr<storage::Backend> backend) {
    return std::make_unique<FaultBackend>(std::move(backend));
}

std::unique_ptr<validator::JournalFile> with_faults(std::unique_ptr<validator::JournalFile> file) {
    return std::make_unique<FaultJournalFile>(std::move(file));
}

}  // namespace lepton::node

#endif
