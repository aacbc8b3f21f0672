// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The entry points of libFuzzer, for the one target of a program. Options in front of libFuzzer's
// own: --seeds=DIRECTORY writes the target's seeds there first; --print-size-max prints the longest
// input to try, and ends.
#include "base/log.hpp"
#include "fuzz/target.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace lepton;

const fuzz::Target& target() {
    LEPTON_ASSERT(fuzz::targets().size() == 1);
    return fuzz::targets().front();
}

void write_seeds(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    std::size_t number = 0;
    for (const Bytes& seed : target().seeds()) {
        std::ofstream file(directory / ("seed_" + std::to_string(number++)), std::ios::binary);
        file << as_text(seed);
        LEPTON_ASSERT(file.flush());
    }
}

}  // namespace

int LLVMFuzzerInitialize(int* count, char*** arguments) {
    log::set_level(log::Level::off);
    for (int i = 1; i < *count; ++i) {
        const std::string_view option = (*arguments)[i];
        if (option == "--print-size-max") {
            std::printf("%zu\n", target().size_max);
            std::exit(0);
        }
        if (option.starts_with("--seeds=")) write_seeds(option.substr(option.find('=') + 1));
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    target().run({data, size});
    return 0;
}
