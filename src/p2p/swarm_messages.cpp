// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/swarm_messages.hpp"

#include "base/assert.hpp"

namespace lepton::p2p {

std::string_view to_string(SwarmErrorKind kind) {
    switch (kind) {
        case SwarmErrorKind::stopped:
            return "stopped";
        case SwarmErrorKind::busy:
            return "busy";
        case SwarmErrorKind::timeout:
            return "timeout";
        case SwarmErrorKind::disconnected:
            return "disconnected";
        case SwarmErrorKind::unsupported:
            return "unsupported";
        case SwarmErrorKind::malformed:
            return "malformed";
        case SwarmErrorKind::unreachable:
            return "unreachable";
    }
    assertion_failed("known SwarmErrorKind", __FILE__, __LINE__, {});
}

}  // namespace lepton::p2p
