// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace lepton {

void assertion_failed(const char* expression,
                      const char* file,
                      int line,
                      std::string_view detail) noexcept {
    std::fprintf(stderr,
                 "assertion_failed expression=\"%s\" at=%s:%d detail=\"%.*s\"\n",
                 expression,
                 file,
                 line,
                 static_cast<int>(detail.size()),
                 detail.data());
    std::fflush(stderr);
    std::abort();
}

}  // namespace lepton
