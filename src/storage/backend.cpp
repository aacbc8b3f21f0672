// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "storage/backend.hpp"

#include "base/assert.hpp"

namespace lepton::storage {

std::string_view to_string(Table table) {
    switch (table) {
        case Table::meta:
            return "meta";
        case Table::blocks:
            return "blocks";
        case Table::nodes:
            return "nodes";
        case Table::slots:
            return "slots";
        case Table::canonical:
            return "canonical";
        case Table::states:
            return "states";
    }
    assertion_failed("known Table", __FILE__, __LINE__, {});
}

}  // namespace lepton::storage
