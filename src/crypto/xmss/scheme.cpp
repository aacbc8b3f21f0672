// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/scheme.hpp"

#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/signer.hpp"
#include "crypto/xmss/verify.hpp"

namespace lepton::crypto::xmss {
namespace {

template <class P>
class XmssScheme final : public SignatureScheme {
  public:
    SchemeId id() const override { return P::kId; }
    std::string_view name() const override { return P::kName; }
    std::size_t public_key_size() const override { return kPublicKeySize; }
    std::size_t signature_size() const override { return SignatureLayout<P>::kSize; }
    std::uint64_t lifetime_slots() const override { return kLifetime<P>; }
    std::size_t secret_key_size_max() const override { return xmss::secret_key_size_max<P>(); }

    Result<void, SignatureError> check_public_key(ByteView public_key) const override {
        const auto decoded = decode_public_key(public_key);
        if (!decoded) return std::unexpected(decoded.error());
        return {};
    }

    Result<void, SignatureError> check_signature(ByteView signature) const override {
        const auto decoded = decode_signature<P>(signature);
        if (!decoded) return std::unexpected(decoded.error());
        return {};
    }

    void verify_batch(std::span<const VerifyJob> jobs,
                      std::span<VerifyVerdict> verdicts) const override {
        xmss::verify_batch<P>(jobs, verdicts);
    }

    Bytes32 public_key_root(ByteView public_key) const override {
        return xmss::public_key_root(public_key);
    }

    Bytes32 signature_root(ByteView signature) const override {
        return xmss::signature_root<P>(signature);
    }

    Result<std::unique_ptr<Signer>, SignatureError> load_secret_key(
        ByteView public_key, Bytes secret_key_ssz) const override {
        const WipeGuard guard{secret_key_ssz};
        const auto expected = decode_public_key(public_key);
        if (!expected) return std::unexpected(expected.error());
        auto key = decode_secret_key<P>(secret_key_ssz);
        if (!key) return std::unexpected(key.error());
        const auto checked = XmssSigner<P>::check(*expected, *key);
        if (!checked) return std::unexpected(checked.error());
        return std::make_unique<XmssSigner<P>>(*expected, *std::move(key));
    }

    Result<KeyPair, SignatureError> generate(Random& random,
                                             std::uint64_t activation_slot,
                                             std::uint64_t slot_count,
                                             const ParallelFor& parallel_for,
                                             const Progress& progress) const override {
        const auto activation = widen_activation<P>(activation_slot, slot_count);
        if (!activation) return std::unexpected(activation.error());
        const SecretKey key = generate_key<P>(random, *activation, parallel_for, progress);
        KeyPair pair;
        pair.public_key = encode(PublicKey{key.top.root(), key.parameter});
        pair.secret_key_ssz = encode<P>(key);
        return pair;
    }
};

}  // namespace

const SignatureScheme& prod_scheme() {
    static const XmssScheme<ProdParameters> scheme;
    return scheme;
}

const SignatureScheme& test_scheme() {
    static const XmssScheme<TestParameters> scheme;
    return scheme;
}

}  // namespace lepton::crypto::xmss
