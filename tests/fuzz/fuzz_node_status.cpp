// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/target.hpp"
#include "node/devnet/node_status.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

/// Input: two bodies that a node answered, with a zero byte between them.
void run(ByteView input) {
    const std::string_view text = as_text(input);
    const std::size_t end = std::min(text.find('\0'), text.size());
    const auto status =
        node::parse_node_status(text.substr(0, end), text.substr(std::min(end + 1, text.size())));
    if (status) {
        LEPTON_ASSERT(status->head_root.size() <= 10);
        // Above that a number was read wrongly.
        LEPTON_ASSERT(std::max(status->slot, status->head_slot) < 1'000'000'000'000'000);
    } else {
        LEPTON_ASSERT(!status.error().what.empty());
    }
}

std::vector<Bytes> seeds() {
    constexpr std::string_view kTree =
        R"({"head":"0x0102030405","justified":{"slot":7},"finalized":{"slot":6}})";
    constexpr std::string_view kMetrics =
        "lean_current_slot 9\nlean_head_slot 8\nlean_connected_peers{client=\"a\"} 2\n";
    const Bytes zero{0};
    return {
        joined({as_bytes(kTree), zero, as_bytes(kMetrics)}),
        joined({as_bytes(kTree), zero, as_bytes("lean_current_slot 1e300\nlean_head_slot nan\n")}),
        joined({as_bytes(R"({"head":1})"), zero}),
        joined({as_bytes(R"({"head":"0x","justified":{"slot":-1}})"), zero})};
}

const Registration kTarget({"node_status", 384, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
