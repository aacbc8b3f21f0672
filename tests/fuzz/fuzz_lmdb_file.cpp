// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/test_directory.hpp"
#include "fuzz/image.hpp"
#include "storage/lmdb/lmdb_backend.hpp"
#include "storage/lmdb/lmdb_check.hpp"
#include "storage/storage.hpp"
#include "storage/test_chain.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace lepton::fuzz {
namespace {

using namespace storage;

constexpr std::size_t kPageSize = 4096;

void write(const std::string& path, ByteView bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << as_text(bytes);
    LEPTON_ASSERT(file.flush());
}

/// The data file of a chain of a few blocks.
const Bytes& good_file() {
    static const Bytes bytes = [] {
        const test::TestDirectory directory(test::memory_directory());
        {
            auto storage =
                Storage::open(open_lmdb(directory.path()).value(), test_identity()).value();
            TestBlock block = test_genesis();
            LEPTON_ASSERT(storage->set_anchor(block.imported()).has_value());
            for (std::uint64_t slot = 1; slot <= 4; ++slot) {
                block = test_child(block, Slot{slot});
                const Checkpoint at = block.point();
                LEPTON_ASSERT(storage->commit({block.imported(), {at, at, at, at}}).has_value());
            }
        }
        std::ifstream file(directory.path() + "/data.mdb", std::ios::binary);
        return Bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }();
    return bytes;
}

/// Input: how the file is damaged.
void run(ByteView input) {
    static const MemoryFile file;
    const Bytes bytes = damaged(good_file(), input, kPageSize);
    if (const auto problem = check_lmdb_file(file.with(bytes))) {
        LEPTON_ASSERT(!problem->empty());
        return;
    }
    // What passes must be safe for the library, which trusts every page: to read all of it, to
    // write, and to open it again.
    const test::TestDirectory directory(test::memory_directory());
    write(directory.path() + "/data.mdb", bytes);
    for (int round = 0; round < 2; ++round) {
        auto backend = open_lmdb(directory.path());
        if (!backend) return;
        for (std::size_t table = 0; table < kTableCount; ++table) {
            const auto view = (*backend)->read();
            if (!view) continue;
            const auto entries = (*view)->scan(static_cast<Table>(table), {}, 1000);
            std::uint64_t sum = 0;
            if (!entries) continue;
            for (const Entry& entry : *entries) {
                for (const std::uint8_t byte : entry.key) sum += byte;
                for (const std::uint8_t byte : entry.value) sum += byte;
            }
            LEPTON_ASSERT(sum != 1);
        }
        WriteBatch batch;
        batch.push_back({Table::blocks, Bytes(32, 0xee), Bytes(6000, 7)});
        batch.push_back({Table::meta, bytes_of("identity"), std::nullopt});
        (void)(*backend)->write(batch);
    }
}

std::vector<Bytes> seeds() {
    return {{},
            {0, 0, 0x20, 12, 1},
            {1, 0, 0x10, 16, 1, 2, 3, 4, 5, 6, 7, 8},
            {2, 0, 0x20, 0, 0, 0x30, 0},
            {3, 0, 0x30, 0},
            {4, 0, 0x40, 0},
            {4, 0, 0, 0}};
}

const Registration kTarget({"lmdb_file", 64, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
