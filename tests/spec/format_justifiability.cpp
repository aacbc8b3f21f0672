// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/slot.hpp"
#include "spec/formats.hpp"

namespace lepton::spec {

Verdict run_justifiability(const Vector& vector) {
    vector_members(vector, {"slot", "finalizedSlot", "output"});
    const auto slot = read_as<Slot>(at(vector.body, "slot"));
    const auto finalized_slot = read_as<Slot>(at(vector.body, "finalizedSlot"));
    const json::object& output = as_object(at(vector.body, "output"));
    allow_only(output, {"delta", "isJustifiable"});
    if (auto delta = expect_equal("delta", slot - finalized_slot, as_u64(at(output, "delta")));
        !delta) {
        return delta;
    }
    return expect_equal("isJustifiable",
                        consensus::is_justifiable_after(slot, finalized_slot),
                        as_bool(at(output, "isJustifiable")));
}

}  // namespace lepton::spec
