// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "libp2p/base58.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p;

/// Whose text is short enough to be read back.
constexpr std::size_t kReadableMax = 90;

void run(ByteView input) {
    if (const auto bytes = base58_decode(as_text(input))) {
        LEPTON_ASSERT(base58_encode(*bytes) == as_text(input));
    }
    if (input.size() > kReadableMax) return;
    LEPTON_ASSERT(base58_decode(base58_encode(input)) == to_bytes(input));
}

std::vector<Bytes> seeds() {
    return {bytes_of("2NEpo7TZRRrLZSi2U"), bytes_of("11"), bytes_of("zzzz0"), {}, Bytes(130, 'z')};
}

const Registration kTarget({"base58", 160, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
