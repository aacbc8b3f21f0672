// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What every key of the honest validators was used for: at the signing edge, and as others saw it
// on the network. One thread.
#pragma once

#include "base/bytes.hpp"
#include "violations.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lepton::simulation {

class KeyUses {
  public:
    explicit KeyUses(Violations& violations) : violations_(violations) {}

    /// Keys that are not watched may do what they like.
    void watch(ByteView public_key) { watched_.insert(to_bytes(public_key)); }

    /// Notes that `key` signed `message` for `slot`; `where` says who saw it. A second message of
    /// one key and slot is a violation, whoever saw either.
    void note(ByteView public_key,
              std::uint64_t slot,
              const Bytes32& message,
              std::string_view where);

    /// Uses that were noted for the first time.
    std::size_t size() const { return uses_.size(); }

  private:
    struct Use {
        Bytes32 message{};
        std::string where;
    };

    Violations& violations_;
    std::set<Bytes> watched_;
    std::map<std::pair<Bytes, std::uint64_t>, Use> uses_;
};

}  // namespace lepton::simulation
