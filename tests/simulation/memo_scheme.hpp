// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The signature scheme of simulated networks: the real test scheme, of which every signature is
// made once and verified once per process, since both are functions of their bytes alone. It
// reports each signature that a signer hands out and each one that somebody has found valid. One
// thread.
#pragma once

#include "crypto/signature_scheme.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace lepton::simulation {

class MemoScheme final : public crypto::SignatureScheme {
  public:
    /// Told of a signature.
    using OnSignature =
        std::function<void(ByteView public_key, std::uint64_t slot, const Bytes32& message)>;

    MemoScheme(OnSignature on_sign, OnSignature on_valid)
        : on_sign_(std::move(on_sign)), on_valid_(std::move(on_valid)) {}

    crypto::SchemeId id() const override { return inner_.id(); }
    std::string_view name() const override { return inner_.name(); }
    std::size_t public_key_size() const override { return inner_.public_key_size(); }
    std::size_t signature_size() const override { return inner_.signature_size(); }
    std::uint64_t lifetime_slots() const override { return inner_.lifetime_slots(); }
    std::size_t secret_key_size_max() const override { return inner_.secret_key_size_max(); }
    Result<void, crypto::SignatureError> check_public_key(ByteView public_key) const override {
        return inner_.check_public_key(public_key);
    }
    Result<void, crypto::SignatureError> check_signature(ByteView signature) const override {
        return inner_.check_signature(signature);
    }
    void verify_batch(std::span<const crypto::VerifyJob> jobs,
                      std::span<crypto::VerifyVerdict> verdicts) const override;
    Bytes32 public_key_root(ByteView public_key) const override {
        return inner_.public_key_root(public_key);
    }
    Bytes32 signature_root(ByteView signature) const override {
        return inner_.signature_root(signature);
    }
    /// The signer refers to this scheme.
    Result<std::unique_ptr<crypto::Signer>, crypto::SignatureError> load_secret_key(
        ByteView public_key, Bytes secret_key_ssz) const override;
    Result<crypto::KeyPair, crypto::SignatureError> generate(
        Random& random,
        std::uint64_t activation_slot,
        std::uint64_t slot_count,
        const crypto::ParallelFor& parallel_for,
        const crypto::Progress& progress) const override {
        return inner_.generate(random, activation_slot, slot_count, parallel_for, progress);
    }

  private:
    class MemoSigner;

    const crypto::SignatureScheme& inner_ =
        crypto::signature_scheme(crypto::SchemeId::leansig_test);
    OnSignature on_sign_;
    OnSignature on_valid_;
};

}  // namespace lepton::simulation
