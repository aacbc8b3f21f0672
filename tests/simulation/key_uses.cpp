// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "key_uses.hpp"

#include <fmt/format.h>

namespace lepton::simulation {

void KeyUses::note(ByteView public_key,
                   std::uint64_t slot,
                   const Bytes32& message,
                   std::string_view where) {
    Bytes key = to_bytes(public_key);
    if (!watched_.contains(key)) return;
    const auto [known, is_new] =
        uses_.try_emplace({std::move(key), slot}, Use{message, std::string(where)});
    if (is_new || known->second.message == message) return;
    violations_.add(fmt::format("key {} used for two messages at slot {}: {} by {}, {} by {}",
                                to_hex(public_key.first(8)),
                                slot,
                                to_hex(known->second.message),
                                known->second.where,
                                to_hex(message),
                                where));
}

}  // namespace lepton::simulation
