// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"

#include <algorithm>
#include <cctype>

namespace lepton::fuzz {
namespace {

void run(ByteView input) {
    const std::string_view text = as_text(input);
    const auto bytes = from_hex(text);
    Bytes32 root{};
    const bool is_root = from_hex(text, root).has_value();
    if (!bytes) {
        LEPTON_ASSERT(!is_root);
        return;
    }
    LEPTON_ASSERT(is_root == (bytes->size() == root.size()));
    if (is_root) LEPTON_ASSERT(std::ranges::equal(*bytes, root));
    std::string digits(text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text);
    for (char& c : digits) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    LEPTON_ASSERT(to_hex(*bytes) == digits);
}

std::vector<Bytes> seeds() {
    return {bytes_of("0x0aFF"),
            bytes_of("0x"),
            bytes_of("0x0"),
            bytes_of(std::string(64, 'b')),
            bytes_of("0X00")};
}

const Registration kTarget({"hex", 80, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
