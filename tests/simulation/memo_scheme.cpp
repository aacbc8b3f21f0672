// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "memo_scheme.hpp"

namespace lepton::simulation {
namespace {

/// Results kept before all are forgotten: more than one network needs.
constexpr std::size_t kMemoMax = 50'000;

/// Verdicts by the bytes they follow from.
std::unordered_map<std::string, crypto::VerifyVerdict>& verdicts_memo() {
    static std::unordered_map<std::string, crypto::VerifyVerdict> memo;
    if (memo.size() > kMemoMax) memo.clear();
    return memo;
}

std::unordered_map<std::string, Bytes>& signatures_memo() {
    static std::unordered_map<std::string, Bytes> memo;
    if (memo.size() > kMemoMax) memo.clear();
    return memo;
}

/// The sizes of all parts but the last are fixed, so no two inputs have one text.
std::string text_of(ByteView public_key,
                    std::uint64_t slot,
                    const Bytes32& message,
                    ByteView signature = {}) {
    std::string text = std::to_string(slot) + " " + std::to_string(public_key.size()) + " ";
    text += as_text(public_key);
    text += as_text(message);
    text += as_text(signature);
    return text;
}

}  // namespace

class MemoScheme::MemoSigner final : public crypto::Signer {
  public:
    MemoSigner(const MemoScheme& scheme, std::unique_ptr<crypto::Signer> inner)
        : scheme_(scheme), inner_(std::move(inner)) {}

    const Bytes& public_key() const override { return inner_->public_key(); }
    crypto::SlotRange activation() const override { return inner_->activation(); }
    crypto::SlotRange prepared() const override { return inner_->prepared(); }

    Result<Bytes, crypto::SignatureError> sign(std::uint64_t slot,
                                               const Bytes32& message) const override {
        auto& memo = signatures_memo();
        const std::string text = text_of(public_key(), slot, message);
        auto found = memo.find(text);
        // A slot that is not prepared is refused whatever is known.
        if (found == memo.end() || !prepared().contains(slot)) {
            auto signature = inner_->sign(slot, message);
            if (!signature) return signature;
            found = memo.insert_or_assign(text, *std::move(signature)).first;
        }
        scheme_.on_sign_(public_key(), slot, message);
        return found->second;
    }

    Result<std::unique_ptr<crypto::PreparedWindow>, crypto::SignatureError> build_window(
        std::uint64_t slot, const crypto::ParallelFor& parallel_for) const override {
        return inner_->build_window(slot, parallel_for);
    }
    void install(std::unique_ptr<crypto::PreparedWindow> window) override {
        inner_->install(std::move(window));
    }
    Result<void, crypto::SignatureError> check_thoroughly(
        const crypto::ParallelFor& parallel_for) const override {
        return inner_->check_thoroughly(parallel_for);
    }
    Bytes serialize() const override { return inner_->serialize(); }

  private:
    const MemoScheme& scheme_;
    std::unique_ptr<crypto::Signer> inner_;
};

void MemoScheme::verify_batch(std::span<const crypto::VerifyJob> jobs,
                              std::span<crypto::VerifyVerdict> verdicts) const {
    auto& memo = verdicts_memo();
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const crypto::VerifyJob& job = jobs[i];
        std::string text = text_of(job.public_key, job.slot, job.message, job.signature);
        const auto found = memo.find(text);
        if (found != memo.end()) {
            verdicts[i] = found->second;
        } else {
            verdicts[i] = inner_.verify(job);
            memo.emplace(std::move(text), verdicts[i]);
        }
        if (verdicts[i]) on_valid_(job.public_key, job.slot, job.message);
    }
}

Result<std::unique_ptr<crypto::Signer>, crypto::SignatureError> MemoScheme::load_secret_key(
    ByteView public_key, Bytes secret_key_ssz) const {
    auto inner = inner_.load_secret_key(public_key, std::move(secret_key_ssz));
    if (!inner) return std::unexpected(inner.error());
    return std::make_unique<MemoSigner>(*this, *std::move(inner));
}

}  // namespace lepton::simulation
