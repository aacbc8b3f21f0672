// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "validator/signer.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace lepton::validator {
namespace {

SignFailure failure_of(SignFailureKind kind, const SignRequest& request, std::string_view why) {
    return {kind,
            fmt::format("{} validator={} role={} slot={} reason={}",
                        to_string(kind),
                        request.validator_index,
                        to_string(request.role),
                        request.slot,
                        why)};
}

/// Returns why `signer` cannot sign `slot` at the moment, if so.
std::optional<SignFailureKind> check_slot(const crypto::Signer& signer, Slot slot) {
    if (!signer.activation().contains(slot.value)) return SignFailureKind::outside_key_lifetime;
    if (!signer.prepared().contains(slot.value)) return SignFailureKind::outside_key_window;
    return std::nullopt;
}

std::string range_text(const crypto::SlotRange& range) {
    return fmt::format("\"the key signs slots {} to {}\"", range.begin, range.end - 1);
}

}  // namespace

std::string_view to_string(SignFailureKind kind) {
    switch (kind) {
        case SignFailureKind::unknown_key:
            return "unknown_key";
        case SignFailureKind::outside_key_lifetime:
            return "outside_key_lifetime";
        case SignFailureKind::outside_key_window:
            return "outside_key_window";
        case SignFailureKind::refused_by_journal:
            return "refused_by_journal";
        case SignFailureKind::io_error:
            return "io_error";
        case SignFailureKind::signing_failed:
            return "signing_failed";
    }
    assertion_failed("known SignFailureKind", __FILE__, __LINE__, {});
}

std::vector<Result<Signature, SignFailure>> JournaledSigner::sign_all(
    std::span<const SignRequest> requests) {
    // First what needs no claim, then all claims at once, then the signatures.
    std::vector<Result<Signature, SignFailure>> results(requests.size());
    std::vector<Claim> claims;
    std::vector<std::size_t> claimants;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const SignRequest& request = requests[i];
        const crypto::Signer* signer = keys_.find(request.validator_index, request.role);
        if (signer == nullptr) {
            results[i] =
                std::unexpected(failure_of(SignFailureKind::unknown_key, request, "no_such_key"));
            continue;
        }
        if (const auto kind = check_slot(*signer, request.slot)) {
            const auto& range = *kind == SignFailureKind::outside_key_window ? signer->prepared()
                                                                             : signer->activation();
            results[i] = std::unexpected(failure_of(*kind, request, range_text(range)));
            continue;
        }
        claims.push_back({.key = keys_.key_id(request.validator_index, request.role),
                          .role = request.role,
                          .slot = request.slot,
                          .message = request.message});
        claimants.push_back(i);
    }
    const auto verdicts = journal_.claim(claims);
    for (std::size_t j = 0; j < claimants.size(); ++j) {
        const std::size_t i = claimants[j];
        const SignRequest& request = requests[i];
        if (!verdicts) {
            results[i] = std::unexpected(
                failure_of(SignFailureKind::io_error, request, verdicts.error().what));
            continue;
        }
        if ((*verdicts)[j] != ClaimVerdict::granted) {
            results[i] = std::unexpected(failure_of(
                SignFailureKind::refused_by_journal, request, to_string((*verdicts)[j])));
            continue;
        }
        const crypto::Signer* signer = keys_.find(request.validator_index, request.role);
        auto signature = signer->sign(request.slot.value, request.message.bytes);
        if (signature) {
            results[i] = Signature{std::move(*signature)};
        } else {
            results[i] = std::unexpected(failure_of(
                SignFailureKind::signing_failed, request, crypto::to_string(signature.error())));
        }
    }
    return results;
}

Result<Signature, SignFailure> JournaledSigner::sign(ValidatorIndex validator_index,
                                                     Role role,
                                                     Slot slot,
                                                     const Root& message) {
    const SignRequest request{
        .validator_index = validator_index, .role = role, .slot = slot, .message = message};
    return std::move(sign_all({&request, 1}).front());
}

}  // namespace lepton::validator
