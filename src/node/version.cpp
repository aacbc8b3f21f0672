// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/version.hpp"

namespace lepton::node {

std::string_view version_text() {
    return "lepton/" LEPTON_VERSION;
}

}  // namespace lepton::node
