// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A scheme without cryptography whose keys are cut like those of the production scheme: a key signs
// 2^18 slots and holds the trees of two times 2^16 of them at a time. A real tree of that size
// takes seconds of all processors, and what is to be tested is what a node does around its edge. It
// reports what signers are asked for. One thread.
#pragma once

#include "crypto/signature_scheme.hpp"

#include <functional>
#include <memory>

namespace lepton::simulation {

class WindowScheme final : public crypto::SignatureScheme {
  public:
    static constexpr std::uint64_t kTreeSlots = 65'536;
    static constexpr std::uint64_t kKeySlots = 4 * kTreeSlots;

    struct Listener {
        std::function<void(ByteView public_key, std::uint64_t slot, const Bytes32& message)> signs;
        std::function<void(ByteView public_key, const crypto::SlotRange& window)> builds;
    };
    explicit WindowScheme(Listener listener) : listener_(std::move(listener)) {}

    crypto::SchemeId id() const override { return form_.id(); }
    std::string_view name() const override { return form_.name(); }
    std::size_t public_key_size() const override { return form_.public_key_size(); }
    std::size_t signature_size() const override { return form_.signature_size(); }
    std::uint64_t lifetime_slots() const override { return std::uint64_t{1} << 32; }
    std::size_t secret_key_size_max() const override { return form_.secret_key_size_max(); }
    Result<void, crypto::SignatureError> check_public_key(ByteView public_key) const override {
        return form_.check_public_key(public_key);
    }
    Result<void, crypto::SignatureError> check_signature(ByteView signature) const override;
    void verify_batch(std::span<const crypto::VerifyJob> jobs,
                      std::span<crypto::VerifyVerdict> verdicts) const override;
    Bytes32 public_key_root(ByteView public_key) const override {
        return form_.public_key_root(public_key);
    }
    Bytes32 signature_root(ByteView signature) const override {
        return form_.signature_root(signature);
    }
    /// Returns a signer whose first window is ready; the file is not looked at. It refers to this
    /// scheme.
    Result<std::unique_ptr<crypto::Signer>, crypto::SignatureError> load_secret_key(
        ByteView public_key, Bytes secret_key_ssz) const override;
    Result<crypto::KeyPair, crypto::SignatureError> generate(
        Random& random,
        std::uint64_t activation_slot,
        std::uint64_t slot_count,
        const crypto::ParallelFor& parallel_for,
        const crypto::Progress& progress) const override {
        return form_.generate(random, activation_slot, slot_count, parallel_for, progress);
    }

  private:
    class WindowSigner;

    /// What keys and signatures look like.
    const crypto::SignatureScheme& form_ = crypto::signature_scheme(crypto::SchemeId::leansig_test);
    Listener listener_;
};

}  // namespace lepton::simulation
