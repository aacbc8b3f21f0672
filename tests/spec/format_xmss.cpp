// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/signature_scheme.hpp"
#include "spec/formats.hpp"

#include <fstream>
#include <iterator>
#include <sstream>

namespace lepton::spec {
namespace {

namespace fs = std::filesystem;

Bytes read_file(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw BadVector(fmt::format("{} cannot be read", file.filename().string()));
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// The words of each line that is no comment. Throws BadVector when a line has another number.
std::vector<std::vector<std::string>> read_lines(const fs::path& file, std::size_t words) {
    const Bytes text = read_file(file);
    std::istringstream stream{std::string(as_text(text))};
    std::vector<std::vector<std::string>> lines;
    for (std::string line; std::getline(stream, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        std::istringstream in(line);
        std::vector<std::string> parsed{std::istream_iterator<std::string>(in), {}};
        if (parsed.size() != words) {
            throw BadVector(fmt::format("{} words in a line, expected {}", parsed.size(), words));
        }
        lines.push_back(std::move(parsed));
    }
    if (lines.empty()) throw BadVector("no line to run");
    return lines;
}

Bytes bytes_of(const std::string& hex) {
    auto bytes = from_hex(hex);
    if (!bytes) throw BadVector(bytes.error());
    return *bytes;
}

Bytes32 message_of(const std::string& hex) {
    Bytes32 message{};
    if (auto filled = from_hex(hex, message); !filled) throw BadVector(filled.error());
    return message;
}

Verdict refusal(std::string_view what, crypto::SignatureError error) {
    return std::unexpected(fmt::format("{}: {}", what, crypto::to_string(error)));
}

const crypto::SignatureScheme& prod() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_prod);
}
const crypto::SignatureScheme& test() {
    return crypto::signature_scheme(crypto::SchemeId::leansig_test);
}

Verdict sign_again(crypto::Signer& signer,
                   std::uint64_t slot,
                   const Bytes32& message,
                   const Bytes& expected) {
    if (auto prepared = signer.prepare(slot, crypto::run_in_order); !prepared) {
        return refusal("prepare", prepared.error());
    }
    const auto signature = signer.sign(slot, message);
    if (!signature) return refusal("sign", signature.error());
    if (*signature != expected) return std::unexpected("another signature came out");
    return {};
}

/// Loads a key, signs with it and verifies.
Verdict use_key(const crypto::SignatureScheme& scheme,
                const Bytes& public_key,
                Bytes secret_key_ssz) {
    const auto signer = scheme.load_secret_key(public_key, std::move(secret_key_ssz));
    if (!signer) return refusal("load", signer.error());
    const Bytes32 message{1, 2, 3};
    const std::uint64_t slot = (*signer)->prepared().begin;
    const auto signature = (*signer)->sign(slot, message);
    if (!signature) return refusal("sign", signature.error());
    if (auto verified = scheme.verify({public_key, slot, message, *signature}); !verified) {
        return refusal("verify", verified.error());
    }
    return {};
}

/// Turns a malformed file into one failed result.
template <class Run>
std::vector<NamedVerdict> guarded(const fs::path& file, Run run) {
    try {
        return run();
    } catch (const BadVector& error) {
        return {{file.filename().string(), std::unexpected(std::string(error.what()))}};
    }
}

}  // namespace

std::vector<NamedVerdict> run_xmss_key(const fs::path& folder) {
    return guarded(folder, [&] {
        for (const auto& entry : fs::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            if (name != "secret_key.ssz" && name != "public_key.ssz" && name != "signatures.txt") {
                throw BadVector(fmt::format("{} does not belong to a key", name));
            }
        }
        const Bytes public_key = read_file(folder / "public_key.ssz");
        const auto signer =
            prod().load_secret_key(public_key, read_file(folder / "secret_key.ssz"));
        if (!signer) throw BadVector(std::string(crypto::to_string(signer.error())));

        std::vector<NamedVerdict> results;
        for (const auto& line : read_lines(folder / "signatures.txt", 3)) {
            const std::uint64_t slot = as_u64(json::value(line[0]));
            const Bytes32 message = message_of(line[1]);
            const Bytes signature = bytes_of(line[2]);
            const auto verified = prod().verify({public_key, slot, message, signature});
            results.push_back({fmt::format("{} slot {}", folder.filename().string(), slot),
                               verified ? sign_again(**signer, slot, message, signature)
                                        : refusal("verify", verified.error())});
        }
        return results;
    });
}

std::vector<NamedVerdict> run_xmss_signatures(const fs::path& file) {
    return guarded(file, [&] {
        std::vector<NamedVerdict> results;
        for (const auto& line : read_lines(file, 6)) {
            const Bytes public_key = bytes_of(line[3]);
            const Bytes signature = bytes_of(line[4]);
            const auto verified = prod().verify(
                {public_key, as_u64(json::value(line[1])), message_of(line[2]), signature});
            results.push_back(
                {line[0], expect_equal("valid", verified.has_value(), line[5] == "1")});
        }
        return results;
    });
}

std::vector<NamedVerdict> run_xmss_keys(const fs::path& file) {
    return guarded(file, [&] {
        std::vector<NamedVerdict> results;
        for (const auto& line : read_lines(file, 2)) {
            results.push_back(
                {line[0].substr(0, 16), use_key(test(), bytes_of(line[0]), bytes_of(line[1]))});
        }
        return results;
    });
}

std::vector<NamedVerdict> run_validator_keys(const fs::path& file, const json::object& content) {
    return guarded(file, [&] {
        std::string scheme_name = file.parent_path().filename().string();
        const std::size_t ending = scheme_name.find("_scheme");
        if (ending != std::string::npos) scheme_name.resize(ending);
        const auto* scheme = crypto::find_signature_scheme("leansig-" + scheme_name);
        if (scheme == nullptr) throw BadVector("its folder is called after no signature scheme");
        std::vector<NamedVerdict> results;
        for (const auto& member : content) {
            const json::object& pair = as_object(member.value());
            allow_only(pair, {"public_key", "secret_key"});
            results.push_back(
                {std::string(member.key()),
                 use_key(
                     *scheme, as_bytes(at(pair, "public_key")), as_bytes(at(pair, "secret_key")))});
        }
        return results;
    });
}

}  // namespace lepton::spec
