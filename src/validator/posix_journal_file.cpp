// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/posix_journal_file.hpp"

#include "validator/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace lepton::validator {
namespace {

class PosixJournalFile final : public JournalFile {
  public:
    PosixJournalFile(std::string path, FileLock lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    Result<std::uint64_t, IoError> size() const override {
        struct ::stat status{};
        if (::fstat(lock_.descriptor(), &status) != 0) return fail("read its size");
        return static_cast<std::uint64_t>(status.st_size);
    }

    Result<void, IoError> read(std::uint64_t offset, MutableByteView out) const override {
        while (!out.empty()) {
            const ssize_t got =
                ::pread(lock_.descriptor(), out.data(), out.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail("read it");
            if (got == 0) return std::unexpected(IoError{path_ + ": ends too early"});
            out = out.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return {};
    }

    Result<void, IoError> write(std::uint64_t offset, ByteView bytes) override {
        while (!bytes.empty()) {
            const ssize_t put = ::pwrite(
                lock_.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (put < 0 && errno == EINTR) continue;
            if (put <= 0) return fail("write it");
            bytes = bytes.subspan(static_cast<std::size_t>(put));
            offset += static_cast<std::uint64_t>(put);
        }
        return {};
    }

    Result<void, IoError> sync() override {
        if (::fdatasync(lock_.descriptor()) != 0) return fail("sync it");
        // A file that was moved or deleted meanwhile would not be found by the next start.
        struct ::stat own{};
        struct ::stat named{};
        if (::fstat(lock_.descriptor(), &own) != 0 || ::lstat(path_.c_str(), &named) != 0) {
            return fail("find it again");
        }
        if (own.st_dev != named.st_dev || own.st_ino != named.st_ino) {
            return std::unexpected(IoError{path_ + ": was replaced while this node was using it"});
        }
        return {};
    }

    const std::string& name() const override { return path_; }

  private:
    std::unexpected<IoError> fail(std::string_view what) const {
        return std::unexpected(IoError{
            fmt::format("{}: cannot {}: {}", path_, what, std::generic_category().message(errno))});
    }

    std::string path_;
    FileLock lock_;
};

}  // namespace

Result<std::unique_ptr<JournalFile>, IoError> open_journal_file(const std::string& path) {
    auto lock = FileLock::open(path, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (!lock) return std::unexpected(lock.error());
    const std::string directory = std::filesystem::absolute(path).parent_path().string();
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!is_synced) {
        return std::unexpected(IoError{fmt::format(
            "{}: cannot sync the directory: {}", path, std::generic_category().message(code))});
    }
    return std::make_unique<PosixJournalFile>(path, std::move(*lock));
}

}  // namespace lepton::validator
