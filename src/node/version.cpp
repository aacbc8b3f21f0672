// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/version.hpp"

namespace lepton::node {

std::string version_text(std::string_view suffix) {
    return "lepton/" LEPTON_VERSION + std::string(suffix);
}

}  // namespace lepton::node
