// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/ssz_target.hpp"
#include "storage/records.hpp"

namespace lepton::fuzz {
namespace {

using namespace storage;

void run(ByteView input) {
    for (const Table table : {Table::meta, Table::nodes}) {
        if (const auto value = unseal(table, as_bytes("key"), input)) {
            LEPTON_ASSERT(seal(table, as_bytes("key"), to_bytes(*value)) == to_bytes(input));
            LEPTON_ASSERT(!unseal(table, as_bytes("other"), input));
        }
    }
    if (const auto identity = decode_identity(input)) {
        // The version in front is looked at by others.
        const Bytes encoded = encode_identity(*identity);
        LEPTON_ASSERT(encoded.size() == input.size());
        LEPTON_ASSERT(decode_identity(encoded) == *identity);
    }
    if (const auto root = root_of_key(input)) {
        LEPTON_ASSERT(slot_root_key(slot_of_key(input), *root) == to_bytes(input));
    }
    is_canonical<TreeNode>(input, {});
    is_canonical<StateRecord>(input, {});
    is_canonical<Checkpoint>(input, {});
}

std::vector<Bytes> seeds() {
    return {seal(Table::meta, as_bytes("key"), {1, 2, 3}),
            encode_identity({"leanspec-test", 1000, root_of(1)}),
            slot_root_key(Slot{5}, root_of(2)),
            ssz::encode(TreeNode{}),
            ssz::encode(StateRecord{}),
            {}};
}

const Registration kTarget({"storage_record", 256, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
