// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/key_store.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "crypto/sha256.hpp"
#include "crypto/wipe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>

namespace lepton::validator {

Result<Bytes, ConfigError> read_secret(const FileLock& file,
                                       const std::string& path,
                                       std::size_t size_max) {
    const auto fail = [&](std::string_view what) {
        return std::unexpected(ConfigError{fmt::format("{}: {}", path, what)});
    };
    struct ::stat status{};
    if (::fstat(file.descriptor(), &status) != 0) {
        return fail(std::generic_category().message(errno));
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        log::warn("key_file_readable_by_others file={} mode={:o} wanted=600",
                  log::quoted(path),
                  status.st_mode & 0777U);
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > size_max) {
        return fail(
            fmt::format("has {} bytes, a secret key has at most {}: is it a key of this network?",
                        size,
                        size_max));
    }
    // Sized once: a buffer that grew would leave copies of the secret behind.
    Bytes secret(static_cast<std::size_t>(size));
    MutableByteView rest = secret;
    while (!rest.empty()) {
        const ssize_t got = ::read(file.descriptor(), rest.data(), rest.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            const std::string what =
                got == 0 ? "became shorter" : std::generic_category().message(errno);
            crypto::wipe(secret);
            return fail("cannot read it: " + what);
        }
        rest = rest.subspan(static_cast<std::size_t>(got));
    }
    return secret;
}

KeyId key_id_of(ByteView public_key) {
    return KeyId{crypto::sha256(public_key)};
}

Result<KeyStore, ConfigError> KeyStore::load(std::span<const KeyFiles> files,
                                             const Validators& registry,
                                             const crypto::SignatureScheme& scheme) {
    KeyStore store;
    std::set<KeyId> seen;
    for (const KeyFiles& validator : files) {
        if (validator.index.value >= registry.size()) {
            return std::unexpected(ConfigError{
                fmt::format("{}: validator {} is not in the registry, which has {} validators",
                            validator.attestation_secret_key,
                            validator.index,
                            registry.size())});
        }
        if (store.find(validator.index, Role::attestation) != nullptr) {
            return std::unexpected(ConfigError{fmt::format("{}: validator {} is there twice",
                                                           validator.attestation_secret_key,
                                                           validator.index)});
        }
        const Validator& known = registry[validator.index.value];
        for (const Role role : {Role::attestation, Role::proposal}) {
            const bool is_vote = role == Role::attestation;
            const std::string& path =
                is_vote ? validator.attestation_secret_key : validator.proposal_secret_key;
            const PublicKey& public_key =
                is_vote ? known.attestation_public_key : known.proposal_public_key;
            if (!seen.insert(key_id_of(public_key.bytes())).second) {
                return std::unexpected(ConfigError{fmt::format(
                    "{}: the {} key of validator {} is used for something else as well: every "
                    "validator and role needs a key of its own",
                    path,
                    to_string(role),
                    validator.index)});
            }
            auto lock = FileLock::open(path, O_RDONLY);
            if (!lock) return std::unexpected(ConfigError{lock.error().what});
            auto secret = read_secret(*lock, path, scheme.secret_key_size_max());
            if (!secret) return std::unexpected(secret.error());
            auto signer = scheme.load_secret_key(public_key.bytes(), std::move(*secret));
            if (!signer) {
                return std::unexpected(
                    ConfigError{fmt::format("{}: is not the {} secret key of validator {} ({})",
                                            path,
                                            to_string(role),
                                            validator.index,
                                            crypto::to_string(signer.error()))});
            }
            store.add(validator.index, role, std::move(*signer));
            store.keys_.at({validator.index, role}).lock = std::move(*lock);
        }
    }
    return store;
}

Result<void, ConfigError> KeyStore::take_alone() {
    for (auto& [place, key] : keys_) {
        auto name = NameLock::take("lepton-key-" + to_hex(ByteView(key.id.bytes)));
        if (!name) return std::unexpected(ConfigError{name.error().what});
        if (!*name) {
            return std::unexpected(
                ConfigError{fmt::format("the {} key of validator {} is in use by another process, "
                                        "which has it from another "
                                        "file: two nodes must never sign with the same keys",
                                        to_string(place.second),
                                        place.first)});
        }
        key.name = **std::move(name);
    }
    return {};
}

crypto::Signer* KeyStore::find(ValidatorIndex index, Role role) const {
    const auto found = keys_.find({index, role});
    return found == keys_.end() ? nullptr : found->second.signer.get();
}

const KeyId& KeyStore::key_id(ValidatorIndex index, Role role) const {
    const auto found = keys_.find({index, role});
    LEPTON_ASSERT(found != keys_.end());
    return found->second.id;
}

std::vector<crypto::Signer*> KeyStore::signers() const {
    std::vector<crypto::Signer*> all;
    for (const Role role : {Role::attestation, Role::proposal}) {
        for (const auto& [place, key] : keys_) {
            if (place.second == role) all.push_back(key.signer.get());
        }
    }
    return all;
}

void KeyStore::add(ValidatorIndex index, Role role, std::unique_ptr<crypto::Signer> signer) {
    LEPTON_ASSERT(signer != nullptr);
    const KeyId id = key_id_of(signer->public_key());
    const bool is_new =
        keys_.try_emplace({index, role}, Key{id, std::move(signer), FileLock{}, NameLock{}}).second;
    LEPTON_ASSERT(is_new);
    const auto place = std::ranges::lower_bound(indices_, index);
    if (place == indices_.end() || *place != index) indices_.insert(place, index);
}

}  // namespace lepton::validator
