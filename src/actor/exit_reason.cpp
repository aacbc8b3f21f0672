// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/exit_reason.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

namespace lepton::actor {

std::string ExitReason::text() const {
    return fmt::format("component={} message={} what={}", component, message, log::quoted(what));
}

}  // namespace lepton::actor
