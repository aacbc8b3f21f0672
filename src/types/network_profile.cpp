// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "types/network_profile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace lepton {
namespace {

/// The two schemes of the specification; they differ in the size and life of keys only.
std::array<NetworkProfile, 2> known_profiles() {
    NetworkProfile prod;
    prod.name = "leanspec-prod";
    prod.signature_scheme = "leansig-prod";
    prod.public_key_size = 52;
    prod.signature_size = 2536;
    prod.key_lifetime_slots = std::uint64_t{1} << 32;
    prod.proof_format = "bundle";
    prod.fork_digest = "12345678";

    NetworkProfile test = prod;
    test.name = "leanspec-test";
    test.signature_scheme = "leansig-test";
    test.signature_size = 424;
    test.key_lifetime_slots = 256;
    return {prod, test};
}

}  // namespace

Result<NetworkProfile, ConfigError> network_profile(std::string_view name) {
    std::array<std::string, 2> names;
    std::size_t seen = 0;
    for (NetworkProfile& profile : known_profiles()) {
        if (profile.name == name) return profile;
        names.at(seen++) = profile.name;
    }
    return std::unexpected(ConfigError{
        fmt::format("unknown network profile '{}', known are: {}", name, fmt::join(names, ", "))});
}

}  // namespace lepton
