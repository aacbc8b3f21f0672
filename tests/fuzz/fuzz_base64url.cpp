// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "p2p/base64url.hpp"

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    if (const auto bytes = p2p::from_base64url(as_text(input))) {
        LEPTON_ASSERT(p2p::to_base64url(*bytes) == as_text(input));
    }
    LEPTON_ASSERT(p2p::from_base64url(p2p::to_base64url(input)) == to_bytes(input));
}

std::vector<Bytes> seeds() {
    return {{},
            bytes_of("AA"),
            bytes_of("AB"),
            bytes_of("-_8"),
            bytes_of("A"),
            bytes_of("AA=="),
            bytes_of("+/8")};
}

const Registration kTarget({"base64url", 64, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
