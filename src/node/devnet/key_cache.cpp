// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A key is there when both of its files are: the secret one is written first and taken first, so a
// kill at any point leaves a key in the cache, or out of it, or half a key that is removed; never
// one that is in two places.
#include "node/devnet/key_cache.hpp"

#include "base/assert.hpp"
#include "base/parallel.hpp"
#include "node/genesis_files.hpp"
#include "validator/key_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "key_";
constexpr std::string_view kSecretEnd = "_sk.ssz";
constexpr std::string_view kPublicEnd = "_pk.ssz";
constexpr std::size_t kNameDigits = 16;

IoError failed(const std::string& path, const std::error_code& error) {
    return IoError{fmt::format("{}: {}", path, error.message())};
}

/// Returns what is in the file, nothing when it cannot be read.
Bytes read_public(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string name_of(ByteView public_key) {
    return to_hex(ByteView{validator::key_id_of(public_key).bytes}).substr(0, kNameDigits);
}

}  // namespace

Result<KeyCache, IoError> KeyCache::open(const std::string& directory,
                                         const crypto::SignatureScheme& scheme,
                                         crypto::SlotRange activation) {
    const std::string place =
        fmt::format("{}/{}-{}-{}", directory, scheme.name(), activation.begin, activation.end);
    std::error_code error;
    for (const std::string& made : {directory, place}) {
        fs::create_directories(made, error);
        if (!error) fs::permissions(made, fs::perms::owner_all, error);
        if (error) return std::unexpected(failed(made, error));
    }
    auto lock = validator::FileLock::open(directory + "/lock", O_RDWR | O_CREAT);
    if (!lock) return std::unexpected(lock.error());
    KeyCache cache(place, scheme, activation, *std::move(lock));
    if (auto found = cache.find_keys(); !found) return std::unexpected(found.error());
    return cache;
}

Result<void, IoError> KeyCache::find_keys() {
    std::map<std::string, int> halves;
    std::vector<fs::path> unfinished;
    std::error_code error;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end;
         at.increment(error)) {
        const std::string file = at->path().filename().string();
        if (!file.starts_with(kPrefix)) continue;
        if (file.ends_with(kSecretEnd) || file.ends_with(kPublicEnd)) {
            ++halves[file.substr(0, file.size() - kSecretEnd.size()).substr(kPrefix.size())];
        } else {
            unfinished.push_back(at->path());
        }
    }
    if (error) return std::unexpected(failed(directory_, error));
    for (const fs::path& file : unfinished) {
        if (!fs::remove(file, error)) return std::unexpected(failed(file.string(), error));
    }
    for (const auto& [name, count] : halves) {
        if (count == 2) {
            names_.push_back(name);
        } else if (auto removed = remove(name); !removed) {
            return removed;
        }
    }
    return {};
}

Result<std::vector<std::string>, IoError> KeyCache::check(std::size_t count) {
    std::vector<std::string> lines;
    for (std::size_t good = 0; good < std::min(count, names_.size());) {
        const std::string name = names_[good];
        const std::string fault = fault_of(name);
        if (fault.empty()) {
            ++good;
            continue;
        }
        names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(good));
        if (auto removed = remove(name); !removed) return std::unexpected(removed.error());
        lines.push_back(fmt::format("{}: {}: removed", path(name, true), fault));
    }
    return lines;
}

std::string KeyCache::fault_of(const std::string& name) const {
    struct ::stat status{};
    if (::stat(path(name, true).c_str(), &status) != 0) return "cannot be read";
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return "others could read it";
    const auto file = validator::FileLock::open(path(name, true), O_RDONLY);
    if (!file) return "cannot be opened";
    auto secret = validator::read_secret(*file, path(name, true), scheme_->secret_key_size_max());
    if (!secret) return "cannot be read, or is too large";
    const auto signer =
        scheme_->load_secret_key(read_public(path(name, false)), std::move(*secret));
    if (!signer) return std::string(crypto::to_string(signer.error()));
    if (name_of((*signer)->public_key()) != name) return "is another key than its name says";
    if ((*signer)->activation() != activation_) return "signs other slots";
    if ((*signer)->prepared().begin != activation_.begin) return "its window is not the first";
    return {};
}

Result<void, IoError> KeyCache::make(Random& random,
                                     const std::stop_token& stop,
                                     const crypto::Progress& progress) {
    // Work left out makes a key of no use, which is thrown away.
    const crypto::ParallelFor until_stopped =
        [&stop](std::size_t count, const std::function<void(std::size_t)>& body) {
            parallel_for(0, count, [&](std::size_t i) {
                if (!stop.stop_requested()) body(i);
            });
        };
    const auto pair =
        scheme_->generate(random, activation_.begin, activation_.size(), until_stopped, progress);
    if (stop.stop_requested()) return {};
    if (!pair) {
        return std::unexpected(
            IoError{fmt::format("key generation: {}", crypto::to_string(pair.error()))});
    }
    const std::string name = name_of(pair->public_key);
    for (const bool is_secret : {true, false}) {
        const Bytes& bytes = is_secret ? pair->secret_key_ssz : pair->public_key;
        auto written = write_file(path(name, is_secret), as_text(bytes), is_secret);
        if (!written) return written;
    }
    names_.insert(std::ranges::lower_bound(names_, name), name);
    return {};
}

Result<PublicKey, IoError> KeyCache::take(const std::string& secret_path,
                                          const std::string& public_path) {
    LEPTON_ASSERT(!names_.empty());
    const std::string name = names_.front();
    PublicKey public_key{read_public(path(name, false))};
    std::error_code error;
    for (const bool is_secret : {true, false}) {
        const std::string& to = is_secret ? secret_path : public_path;
        fs::rename(path(name, is_secret), to, error);
        if (error) return std::unexpected(failed(path(name, is_secret) + " to " + to, error));
    }
    for (const std::string& moved : {path(name, true), secret_path}) {
        if (auto synced = sync_directory_of(moved); !synced) {
            return std::unexpected(synced.error());
        }
    }
    names_.erase(names_.begin());
    return public_key;
}

Result<void, IoError> KeyCache::remove(const std::string& name) {
    std::error_code error;
    for (const bool is_secret : {true, false}) {
        fs::remove(path(name, is_secret), error);
        if (error) return std::unexpected(failed(path(name, is_secret), error));
    }
    return {};
}

std::string KeyCache::path(const std::string& name, bool is_secret) const {
    return fmt::format("{}/{}{}{}", directory_, kPrefix, name, is_secret ? kSecretEnd : kPublicEnd);
}

}  // namespace lepton::node
