// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Files for targets. A file that is large, or full of checksums, is not the input itself: the input
// says how a good one is damaged. Tests only; one thread.
#pragma once

#include "base/result.hpp"
#include "fuzz/target.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace lepton::fuzz {

/// Returns `image` with the damage that `input` describes, of which it takes all.
inline Bytes damaged(Bytes image, ByteView input, std::size_t block_size) {
    while (!input.empty() && !image.empty()) {
        const std::uint8_t what = take_byte(input);
        const std::size_t at = take_number(input, 3) % image.size();
        const auto block = [&](std::size_t place) {
            const std::size_t begin = place / block_size * block_size;
            return MutableByteView(image).subspan(begin,
                                                  std::min(block_size, image.size() - begin));
        };
        switch (what % 5) {
            case 0:
                image[at] = take_byte(input);
                break;
            case 1: {
                const ByteView fresh =
                    take_bytes(input, std::min<std::size_t>(8, image.size() - at));
                std::ranges::copy(fresh, image.begin() + static_cast<std::ptrdiff_t>(at));
                break;
            }
            case 2: {
                const auto from = block(take_number(input, 3) % image.size());
                const auto to = block(at);
                std::copy_n(from.begin(), std::min(from.size(), to.size()), to.begin());
                break;
            }
            case 3:
                std::ranges::fill(block(at), std::uint8_t{0});
                break;
            case 4:
                image.resize(at);
                break;
        }
    }
    return image;
}

/// Aborts unless the complaint about a file is what it is said to be: one line.
inline void expect_one_line(const ConfigError& error) {
    LEPTON_ASSERT(!error.what.empty() && error.what.find('\n') == std::string::npos, error.what);
}

/// A file without a directory, for readers that want a path.
class MemoryFile {
  public:
    MemoryFile() : file_(::memfd_create("fuzz", MFD_CLOEXEC)) { LEPTON_ASSERT(file_ >= 0); }
    ~MemoryFile() { ::close(file_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    /// Returns the path of the file, whose content is `bytes` until the next call.
    std::string with(ByteView bytes) const {
        LEPTON_ASSERT(::ftruncate(file_, 0) == 0);
        LEPTON_ASSERT(::pwrite(file_, bytes.data(), bytes.size(), 0) ==
                      static_cast<ssize_t>(bytes.size()));
        return "/proc/self/fd/" + std::to_string(file_);
    }

  private:
    int file_;
};

}  // namespace lepton::fuzz
