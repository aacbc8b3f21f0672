// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/image.hpp"
#include "node/genesis_files.hpp"

namespace lepton::fuzz {
namespace {

/// Input: a node's key file
void run(ByteView input) {
    static const MemoryFile file;
    const auto key = node::read_node_key(file.with(input));
    if (!key) {
        expect_one_line(key.error());
        return;
    }
    const std::string digits = to_hex(key->secret_bytes());
    const auto again = node::read_node_key(file.with(as_bytes(digits)));
    LEPTON_ASSERT(again && again->secret_bytes() == key->secret_bytes());
    LEPTON_ASSERT(input.size() >= digits.size());
}

std::vector<Bytes> seeds() {
    const std::string digits(64, '5');
    return {bytes_of(digits),
            bytes_of("0x" + digits + "\r\n"),
            bytes_of("\xEF\xBB\xBF" + digits),
            bytes_of(std::string(64, '0')),
            bytes_of(std::string(64, 'F')),
            Bytes(257, '1')};
}

const Registration kTarget({"node_key", 300, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
