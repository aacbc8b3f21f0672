// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The bytes of a bundle: a proof that carries the signatures themselves. docs/formats/bundle.md is
// the description. Reading is strict: there is exactly one encoding of a bundle. Values; any
// thread.
#pragma once

#include "aggregation/backend.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/signature_scheme.hpp"
#include "types/primitives.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lepton::aggregation::bundle {

enum class Kind : std::uint8_t { single_message = 1, multi_message = 2 };

/// One message and the signatures of it, one per participant, by ascending validator index.
struct Component {
    Root message;
    Slot slot;
    /// Consecutive signatures, borrowed from the proof.
    ByteView signatures;

    std::size_t count(std::size_t signature_size) const {
        return signatures.size() / signature_size;
    }
};

/// Bytes in front of the components, and of a component in front of its signatures.
inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kComponentHeaderSize = 32 + 8 + 4;

/// Returns the components of `proof`, which must be a bundle of `kind` with signatures of `scheme`.
/// Only the form of the bundle is checked, not the signatures.
/// Errors: foreign_proof, bad_version, wrong_scheme, wrong_kind, too_large, malformed
Result<std::vector<Component>, AggregationError> decode(ByteView proof,
                                                        Kind kind,
                                                        const crypto::SignatureScheme& scheme,
                                                        const Limits& limits);

/// Returns the bytes of a bundle.
/// Input:  components: at least one, each with at least one signature of `scheme`; exactly one for
///         Kind::single_message
/// Errors: too_large, before anything is allocated
Result<Bytes, AggregationError> encode(Kind kind,
                                       std::span<const Component> components,
                                       const crypto::SignatureScheme& scheme,
                                       const Limits& limits);

}  // namespace lepton::aggregation::bundle
