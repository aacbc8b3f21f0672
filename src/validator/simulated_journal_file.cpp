// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/simulated_journal_file.hpp"

#include <algorithm>
#include <utility>

namespace lepton::validator {

class SimulatedJournalFile final : public JournalFile {
  public:
    SimulatedJournalFile(std::shared_ptr<SimulatedDisk::State> state, std::string name)
        : state_(std::move(state)), name_(std::move(name)), number_(++state_->files) {
        state_->open_file = number_;
    }
    ~SimulatedJournalFile() override {
        if (is_alive()) state_->open_file = 0;
    }

    Result<std::uint64_t, IoError> size() const override {
        std::uint64_t size = state_->durable.size();
        for (const auto& write : state_->unsynced) {
            size = std::max(size, write.offset + write.bytes.size());
        }
        return size;
    }

    Result<void, IoError> read(std::uint64_t offset, MutableByteView out) const override {
        const std::uint64_t end = size().value();
        if (offset > end || out.size() > end - offset) {
            return std::unexpected(IoError{name_ + ": ends too early"});
        }
        // A reader sees the disk and, over it, what is on its way there.
        std::ranges::fill(out, std::uint8_t{0});
        overlay(offset, out, 0, state_->durable);
        for (const auto& write : state_->unsynced) overlay(offset, out, write.offset, write.bytes);
        return {};
    }

    Result<void, IoError> write(std::uint64_t offset, ByteView bytes) override {
        const bool is_done =
            may_go_on([&] { state_->unsynced.push_back({offset, to_bytes(bytes)}); });
        if (!is_done) return std::unexpected(IoError{name_ + ": cannot write it (simulated)"});
        state_->unsynced.push_back({offset, to_bytes(bytes)});
        return {};
    }

    Result<void, IoError> sync() override {
        if (!may_go_on([] {})) {
            return std::unexpected(IoError{name_ + ": cannot sync it (simulated)"});
        }
        for (const auto& write : state_->unsynced) {
            SimulatedDisk::apply(state_->durable, write.offset, write.bytes);
        }
        state_->unsynced.clear();
        return {};
    }

    const std::string& name() const override { return name_; }

  private:
    bool is_alive() const { return state_->open_file == number_; }
    /// Counts an operation and returns whether it works; `begun` is what it has done when the power
    /// goes in it.
    bool may_go_on(const std::function<void()>& begun) {
        if (!is_alive()) return false;
        const std::uint64_t operation = state_->operations++;
        if (operation >= state_->power_until) {
            if (const auto gone = std::exchange(state_->power_gone, {})) {
                begun();
                gone();
            }
        } else if (operation < state_->fails_from) {
            return true;
        }
        ++state_->failures;
        return false;
    }

    /// Copies the part of `bytes`, which stand at `at` in the file, that falls into `out`, which
    /// stands at `offset`.
    static void overlay(std::uint64_t offset,
                        MutableByteView out,
                        std::uint64_t at,
                        ByteView bytes) {
        const std::uint64_t begin = std::max(offset, at);
        const std::uint64_t end = std::min(offset + out.size(), at + bytes.size());
        if (begin >= end) return;
        std::ranges::copy(bytes.subspan(begin - at, end - begin),
                          out.begin() + static_cast<std::ptrdiff_t>(begin - offset));
    }

    std::shared_ptr<SimulatedDisk::State> state_;
    std::string name_;
    std::uint64_t number_;
};

Result<std::unique_ptr<JournalFile>, IoError> SimulatedDisk::open(const std::string& name) {
    if (state_->open_file != 0) {
        return std::unexpected(IoError{name + ": is in use by another process"});
    }
    return std::make_unique<SimulatedJournalFile>(state_, name);
}

void SimulatedDisk::kill() {
    state_->open_file = 0;
}

void SimulatedDisk::cut_power(Random& random) {
    kill();
    for (const Write& write : state_->unsynced) {
        const std::uint64_t fate = random.below(3);
        if (fate == 0) continue;
        const std::size_t size =
            fate == 1 ? write.bytes.size()
                      : static_cast<std::size_t>(random.below(write.bytes.size() + 1));
        apply(state_->durable, write.offset, ByteView(write.bytes).first(size));
    }
    state_->unsynced.clear();
}

void SimulatedDisk::cut_power_after(std::size_t whole, std::size_t bytes) {
    kill();
    for (std::size_t i = 0; i < state_->unsynced.size() && i <= whole; ++i) {
        const Write& write = state_->unsynced[i];
        const std::size_t size = i < whole ? write.bytes.size() : bytes;
        apply(state_->durable, write.offset, ByteView(write.bytes).first(size));
    }
    state_->unsynced.clear();
}

void SimulatedDisk::fail_at(std::uint64_t count) {
    state_->fails_from = count == 0 ? UINT64_MAX : state_->operations + count - 1;
}

void SimulatedDisk::cut_power_at(std::uint64_t count, std::function<void()> gone) {
    state_->power_until = count == 0 ? UINT64_MAX : state_->operations + count - 1;
    state_->power_gone = std::move(gone);
}

SimulatedDisk SimulatedDisk::clone() const {
    SimulatedDisk copy;
    copy.state_->durable = state_->durable;
    copy.state_->unsynced = state_->unsynced;
    return copy;
}

std::vector<std::size_t> SimulatedDisk::unsynced_writes() const {
    std::vector<std::size_t> sizes;
    for (const Write& write : state_->unsynced) sizes.push_back(write.bytes.size());
    return sizes;
}

Bytes& SimulatedDisk::durable() {
    return state_->durable;
}

void SimulatedDisk::apply(Bytes& contents, std::uint64_t offset, ByteView bytes) {
    if (bytes.empty()) return;
    if (contents.size() < offset + bytes.size()) contents.resize(offset + bytes.size());
    std::ranges::copy(bytes, contents.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace lepton::validator
