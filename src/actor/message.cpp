// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/message.hpp"

namespace lepton::actor {

std::string_view to_string(Overflow policy) {
    switch (policy) {
        case Overflow::reject:
            return "reject";
        case Overflow::drop_oldest:
            return "drop_oldest";
        case Overflow::coalesce:
            return "coalesce";
        case Overflow::fatal:
            return "fatal";
    }
    return "?";
}

std::string_view to_string(Lane lane) {
    return lane == Lane::urgent ? "urgent" : "normal";
}

std::string_view to_string(SendError error) {
    return error == SendError::full ? "full" : "stopped";
}

std::string_view to_string(AskError error) {
    switch (error) {
        case AskError::full:
            return "full";
        case AskError::stopped:
            return "stopped";
        case AskError::dropped:
            return "dropped";
        case AskError::timeout:
            return "timeout";
        case AskError::cancelled:
            return "cancelled";
    }
    return "?";
}

}  // namespace lepton::actor
