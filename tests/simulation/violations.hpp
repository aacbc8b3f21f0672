// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What a simulated network did that no network may do, in words, in order. One thread.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace lepton::simulation {

class Violations {
  public:
    /// Adds a line, once.
    void add(std::string what) {
        if (std::ranges::find(lines_, what) == lines_.end()) lines_.push_back(std::move(what));
    }
    const std::vector<std::string>& lines() const { return lines_; }

  private:
    std::vector<std::string> lines_;
};

}  // namespace lepton::simulation
