// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/tls/der.hpp"

namespace lepton::fuzz {
namespace {

using namespace libp2p::der;

void run(ByteView input) {
    constexpr Tag kTags[] = {Tag::boolean,
                             Tag::integer,
                             Tag::bit_string,
                             Tag::octet_string,
                             Tag::null,
                             Tag::object_id,
                             Tag::utc_time,
                             Tag::generalized_time,
                             Tag::sequence,
                             Tag::context_0,
                             Tag::context_1,
                             Tag::context_2,
                             Tag::context_3};
    Reader reader(input);
    ByteView rest = input;
    while (!reader.is_at_end()) {
        bool has_taken = false;
        for (const Tag tag : kTags) {
            const Allocated allocated;
            const auto element = reader.take(tag);
            LEPTON_ASSERT(allocated.bytes() == 0);
            if (!element) continue;
            has_taken = true;
            LEPTON_ASSERT(element->whole.data() == rest.data());
            expect_within(element->content, element->whole);
            LEPTON_ASSERT(encode(tag, element->content) == to_bytes(element->whole));
            rest = rest.subspan(element->whole.size());
            break;
        }
        if (!has_taken) return;
    }
    LEPTON_ASSERT(rest.empty());
}

std::vector<Bytes> seeds() {
    return {encode(Tag::sequence, {encode(Tag::integer, Bytes{1}), encode(Tag::null, ByteView{})}),
            encode(Tag::octet_string, Bytes(200, 1)),
            encode(Tag::bit_string, Bytes(300, 1)),
            bytes_of_hex("308000"),
            bytes_of_hex("30810100"),
            bytes_of_hex("3082ffff")};
}

const Registration kTarget({"der", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
