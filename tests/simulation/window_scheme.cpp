// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "window_scheme.hpp"

#include "base/assert.hpp"
#include "crypto/sha256.hpp"

#include <algorithm>
#include <string>

namespace lepton::simulation {
namespace {

using crypto::SignatureError;
using crypto::SlotRange;

/// A hash of everything that is signed, which anybody can compute.
Bytes signature_of(ByteView public_key,
                   std::uint64_t slot,
                   const Bytes32& message,
                   std::size_t size) {
    crypto::Sha256 hash;
    hash.update(public_key);
    hash.update(message);
    hash.update(as_bytes(std::to_string(slot)));
    Bytes signature(size);
    std::ranges::copy(hash.finish(), signature.begin());
    return signature;
}

class Window final : public crypto::PreparedWindow {
  public:
    explicit Window(SlotRange slots) : slots_(slots) {}
    SlotRange slots() const override { return slots_; }

  private:
    SlotRange slots_;
};

}  // namespace

class WindowScheme::WindowSigner final : public crypto::Signer {
  public:
    WindowSigner(const WindowScheme& scheme, ByteView public_key)
        : scheme_(scheme), public_key_(to_bytes(public_key)) {}

    const Bytes& public_key() const override { return public_key_; }
    SlotRange activation() const override { return {0, kKeySlots}; }
    SlotRange prepared() const override { return prepared_; }

    Result<Bytes, SignatureError> sign(std::uint64_t slot, const Bytes32& message) const override {
        if (!prepared_.contains(slot)) return std::unexpected(SignatureError::slot_not_prepared);
        scheme_.listener_.signs(public_key_, slot, message);
        return signature_of(public_key_, slot, message, scheme_.signature_size());
    }

    // As the real one: the wanted tree beside the one before it, if that is here already.
    Result<std::unique_ptr<crypto::PreparedWindow>, SignatureError> build_window(
        std::uint64_t slot, const crypto::ParallelFor&) const override {
        if (!activation().contains(slot)) return std::unexpected(SignatureError::slot_not_active);
        const std::uint64_t tree = slot / kTreeSlots * kTreeSlots;
        const bool has_previous = tree > 0 && prepared_.contains(tree - 1);
        const bool is_last = tree + kTreeSlots == kKeySlots;
        const std::uint64_t begin = has_previous || is_last ? tree - kTreeSlots : tree;
        const SlotRange slots{begin, begin + 2 * kTreeSlots};
        scheme_.listener_.builds(public_key_, slots);
        return std::make_unique<Window>(slots);
    }
    void install(std::unique_ptr<crypto::PreparedWindow> window) override {
        prepared_ = window->slots();
    }
    Result<void, SignatureError> check_thoroughly(const crypto::ParallelFor&) const override {
        return {};
    }
    Bytes serialize() const override { LEPTON_ASSERT(false, "it has no file"); }

  private:
    const WindowScheme& scheme_;
    Bytes public_key_;
    SlotRange prepared_{0, 2 * kTreeSlots};
};

Result<void, SignatureError> WindowScheme::check_signature(ByteView signature) const {
    if (signature.size() != signature_size()) {
        return std::unexpected(SignatureError::signature_size);
    }
    return {};
}

void WindowScheme::verify_batch(std::span<const crypto::VerifyJob> jobs,
                                std::span<crypto::VerifyVerdict> verdicts) const {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const crypto::VerifyJob& job = jobs[i];
        verdicts[i] = {};
        if (!std::ranges::equal(
                signature_of(job.public_key, job.slot, job.message, signature_size()),
                job.signature)) {
            verdicts[i] = std::unexpected(SignatureError::root_mismatch);
        }
    }
}

Result<std::unique_ptr<crypto::Signer>, SignatureError> WindowScheme::load_secret_key(
    ByteView public_key, Bytes) const {
    return std::make_unique<WindowSigner>(*this, public_key);
}

}  // namespace lepton::simulation
