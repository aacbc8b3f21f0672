// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// For tests only: reading the files of real keys and signatures, which are kept outside the
// repository. Any thread.
#pragma once

#include "base/bytes.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace lepton::crypto::xmss {

/// Returns the path of `name` among the real keys and signatures. `source_dir`: LEPTON_SOURCE_DIR.
inline std::filesystem::path material_path(const std::filesystem::path& source_dir,
                                           const std::string& name) {
    return source_dir / "../shared/vectors/xmss" / name;
}

/// Returns the path of `name` among the SSZ vectors of leanSpec's XMSS containers.
inline std::filesystem::path container_vector_path(const std::filesystem::path& source_dir,
                                                   const std::string& name) {
    return source_dir /
           "../shared/vectors/leanspec-43246bd-test-scheme/consensus/ssz/lstar/ssz"
           "/test_xmss_containers" /
           name;
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

inline Bytes read_bytes(const std::filesystem::path& path) {
    return to_bytes(as_bytes(read_text(path)));
}

/// Returns the words of every line that is not a comment.
inline std::vector<std::vector<std::string>> read_table(const std::filesystem::path& path) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines{read_text(path)};
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        std::istringstream words{line};
        rows.emplace_back(std::istream_iterator<std::string>{words},
                          std::istream_iterator<std::string>{});
    }
    return rows;
}

inline Bytes hex_bytes(const std::string& text) {
    return from_hex(text).value();
}

inline Bytes32 hex_root(const std::string& text) {
    Bytes32 root;
    from_hex(text, root).value();
    return root;
}

}  // namespace lepton::crypto::xmss

/// Ends the test as skipped when the file or folder is not there.
#define LEPTON_SKIP_WITHOUT(path) \
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no test material at " << (path)
