// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/signature_scheme.hpp"

#include "base/assert.hpp"
#include "crypto/wipe.hpp"
#include "crypto/xmss/scheme.hpp"

#include <array>

namespace lepton::crypto {

std::string_view to_string(SignatureError error) {
    switch (error) {
        case SignatureError::public_key_size:
            return "public_key_size";
        case SignatureError::public_key_not_canonical:
            return "public_key_not_canonical";
        case SignatureError::signature_size:
            return "signature_size";
        case SignatureError::signature_offset:
            return "signature_offset";
        case SignatureError::signature_not_canonical:
            return "signature_not_canonical";
        case SignatureError::slot_beyond_lifetime:
            return "slot_beyond_lifetime";
        case SignatureError::codeword_aborted:
            return "codeword_aborted";
        case SignatureError::codeword_sum:
            return "codeword_sum";
        case SignatureError::root_mismatch:
            return "root_mismatch";
        case SignatureError::not_checked:
            return "not_checked";
        case SignatureError::secret_key_size:
            return "secret_key_size";
        case SignatureError::secret_key_offset:
            return "secret_key_offset";
        case SignatureError::secret_key_range:
            return "secret_key_range";
        case SignatureError::secret_key_window:
            return "secret_key_window";
        case SignatureError::secret_key_tree_shape:
            return "secret_key_tree_shape";
        case SignatureError::secret_key_not_canonical:
            return "secret_key_not_canonical";
        case SignatureError::secret_key_parameter:
            return "secret_key_parameter";
        case SignatureError::secret_key_root:
            return "secret_key_root";
        case SignatureError::secret_key_bottom_root:
            return "secret_key_bottom_root";
        case SignatureError::secret_key_leaf:
            return "secret_key_leaf";
        case SignatureError::secret_key_node:
            return "secret_key_node";
        case SignatureError::slot_not_active:
            return "slot_not_active";
        case SignatureError::slot_not_prepared:
            return "slot_not_prepared";
        case SignatureError::window_at_end:
            return "window_at_end";
        case SignatureError::attempts_exhausted:
            return "attempts_exhausted";
        case SignatureError::signature_self_check:
            return "signature_self_check";
        case SignatureError::activation_range:
            return "activation_range";
    }
    return "unknown";
}

void run_in_order(std::size_t count, const std::function<void(std::size_t)>& body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
}

KeyPair::~KeyPair() {
    wipe(secret_key_ssz);
}

Result<void, SignatureError> Signer::prepare(std::uint64_t slot, const ParallelFor& parallel_for) {
    if (prepared().contains(slot)) return {};
    auto window = build_window(slot, parallel_for);
    if (!window) return std::unexpected(window.error());
    install(*std::move(window));
    return {};
}

Result<void, SignatureError> Signer::advance(const ParallelFor& parallel_for) {
    const std::uint64_t next = prepared().end;
    if (next >= activation().end) return std::unexpected(SignatureError::window_at_end);
    return prepare(next, parallel_for);
}

VerifyVerdict SignatureScheme::verify(const VerifyJob& job) const {
    VerifyVerdict verdict;
    verify_batch({&job, 1}, {&verdict, 1});
    return verdict;
}

const SignatureScheme& signature_scheme(SchemeId id) {
    switch (id) {
        case SchemeId::leansig_prod:
            return xmss::prod_scheme();
        case SchemeId::leansig_test:
            return xmss::test_scheme();
    }
    assertion_failed("a known SchemeId", __FILE__, __LINE__, {});
}

const SignatureScheme* find_signature_scheme(std::string_view name) {
    for (const SchemeId id : {SchemeId::leansig_prod, SchemeId::leansig_test}) {
        const SignatureScheme& scheme = signature_scheme(id);
        if (scheme.name() == name) return &scheme;
    }
    return nullptr;
}

}  // namespace lepton::crypto
