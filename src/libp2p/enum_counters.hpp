// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// One metric family with a child for each enumerator, so that counting costs no lookup and every
// reason is visible from the start, at zero. Any thread.
#pragma once

#include "base/assert.hpp"
#include "base/metrics.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lepton::libp2p {

/// `Enum` counts up from zero; `names` has one label value for each enumerator, in order.
template <class Enum, std::size_t N>
class EnumCounters {
  public:
    EnumCounters(Metrics& metrics,
                 const std::string& family,
                 const std::string& help,
                 const std::string& label,
                 const std::array<std::string_view, N>& names) {
        for (std::size_t i = 0; i < N; ++i) {
            counters_[i] = &metrics.counter(family, help, {{label, std::string(names[i])}});
        }
    }

    void count(Enum what, std::size_t times = 1) {
        const auto index = static_cast<std::size_t>(what);
        LEPTON_ASSERT(index < N);
        if (times > 0) counters_[index]->Increment(static_cast<double>(times));
    }

  private:
    std::array<Counter*, N> counters_{};
};

}  // namespace lepton::libp2p
