// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A directory that is gone after the test. Tests only.
#pragma once

#include "base/assert.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lepton::test {

/// Returns a directory that is kept in memory, for tests of many writes; empty when there is none.
inline std::filesystem::path memory_directory() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "";
}

class TestDirectory {
  public:
    /// Makes it in `parent`, in the system's temporary directory when that is empty.
    explicit TestDirectory(std::filesystem::path parent = {}) {
        if (parent.empty()) parent = std::filesystem::temp_directory_path();
        std::string pattern = (parent / "lepton-XXXXXX").string();
        LEPTON_ASSERT(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TestDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace lepton::test
