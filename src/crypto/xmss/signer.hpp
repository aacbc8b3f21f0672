// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The Signer of this scheme: a secret key in memory. Thread rules as crypto::Signer.
#pragma once

#include "crypto/xmss/secret_key.hpp"
#include "crypto/xmss/signature.hpp"

namespace lepton::crypto::xmss {

template <class P>
class XmssSigner final : public Signer {
  public:
    /// Requires that `key` belongs to `public_key`.
    XmssSigner(const PublicKey& public_key, SecretKey key);

    const Bytes& public_key() const override { return public_key_bytes_; }
    SlotRange activation() const override { return key_.activation; }
    SlotRange prepared() const override { return window_slots<P>(key_.window.left_index); }
    Result<Bytes, SignatureError> sign(std::uint64_t slot, const Bytes32& message) const override;
    Result<std::unique_ptr<PreparedWindow>, SignatureError> build_window(
        std::uint64_t slot, const ParallelFor& parallel_for) const override;
    void install(std::unique_ptr<PreparedWindow> window) override;
    Result<void, SignatureError> check_thoroughly(const ParallelFor& parallel_for) const override;
    Bytes serialize() const override { return encode<P>(key_); }

    /// Checks that the key belongs to the public key and that its trees belong together, as far as
    /// that is cheap.
    /// Errors: secret_key_parameter, secret_key_root, secret_key_bottom_root, secret_key_leaf
    static Result<void, SignatureError> check(const PublicKey& public_key, const SecretKey& key);

  private:
    std::shared_ptr<const SubTree> present_tree(std::uint64_t index) const;

    Bytes public_key_bytes_;
    SecretKey key_;
};

}  // namespace lepton::crypto::xmss
