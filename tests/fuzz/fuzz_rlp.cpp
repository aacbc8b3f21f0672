// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "p2p/rlp.hpp"

namespace lepton::fuzz {
namespace {

using namespace p2p;

void run(ByteView input) {
    RlpReader reader(input);
    while (!reader.empty()) {
        const ByteView before = reader.rest();
        const auto read_bytes = [&] { return before.first(before.size() - reader.rest().size()); };

        const Allocated allocated;
        RlpReader number_reader = reader;
        const auto number = number_reader.number();
        const auto string = reader.string();
        const auto list = string ? string : reader.list();
        LEPTON_ASSERT(allocated.bytes() == 0);

        if (number) {
            LEPTON_ASSERT(string.has_value() &&
                          number_reader.rest().size() == reader.rest().size());
            Bytes encoded;
            append_rlp_number(encoded, *number);
            LEPTON_ASSERT(encoded == to_bytes(read_bytes()));
        }
        if (string) {
            expect_within(*string, input);
            Bytes encoded;
            append_rlp_string(encoded, *string);
            LEPTON_ASSERT(encoded == to_bytes(read_bytes()));
        } else if (list) {
            expect_within(*list, input);
            LEPTON_ASSERT(rlp_list(*list) == to_bytes(read_bytes()));
        } else {
            LEPTON_ASSERT(reader.rest().size() == before.size());
            return;
        }
    }
}

std::vector<Bytes> seeds() {
    Bytes items;
    append_rlp_number(items, 0);
    append_rlp_number(items, 128);
    append_rlp_number(items, UINT64_MAX);
    append_rlp_string(items, Bytes(60, 3));
    return {items,
            rlp_list(items),
            rlp_list({}),
            bytes_of_hex("8100"),
            bytes_of_hex("b800"),
            bytes_of_hex("bfffffffffffffffff")};
}

const Registration kTarget({"rlp", 320, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
