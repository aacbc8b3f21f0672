// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A directory that is gone after the test. Tests only.
#pragma once

#include "base/assert.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lepton::validator {

class TestDirectory {
  public:
    TestDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "lepton-XXXXXX").string();
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

}  // namespace lepton::validator
