// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/bundle/bundle_format.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <limits>

namespace lepton::aggregation::bundle {
namespace {

constexpr std::string_view kMagic = "LPTNBNDL";
constexpr std::uint8_t kVersion = 1;
static_assert(kHeaderSize == kMagic.size() + 4);

template <class Number>
Number read_number(ByteView bytes) {
    Number number = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;) {
        number = static_cast<Number>(number << 8 | bytes[i]);
    }
    return number;
}

template <class Number>
void append_number(Bytes& out, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
    }
}

}  // namespace

Result<std::vector<Component>, AggregationError> decode(ByteView proof,
                                                        Kind kind,
                                                        const crypto::SignatureScheme& scheme,
                                                        const Limits& limits) {
    if (proof.empty()) return std::unexpected(AggregationError::malformed);
    if (!as_text(proof).starts_with(kMagic)) {
        return std::unexpected(AggregationError::foreign_proof);
    }
    if (proof.size() > limits.proof_size_max) return std::unexpected(AggregationError::too_large);
    if (proof.size() < kHeaderSize) return std::unexpected(AggregationError::malformed);
    const ByteView head = proof.subspan(kMagic.size(), 4);
    if (head[0] != kVersion) return std::unexpected(AggregationError::bad_version);
    if (head[2] != static_cast<std::uint8_t>(scheme.id())) {
        return std::unexpected(AggregationError::wrong_scheme);
    }
    if (head[1] != static_cast<std::uint8_t>(kind)) {
        return std::unexpected(AggregationError::wrong_kind);
    }
    const std::size_t count = head[3];
    if (count > limits.components_max) return std::unexpected(AggregationError::too_large);
    if (count == 0 || (kind == Kind::single_message && count != 1)) {
        return std::unexpected(AggregationError::malformed);
    }

    std::vector<Component> components;
    components.reserve(count);
    ByteView rest = proof.subspan(kHeaderSize);
    for (std::size_t i = 0; i < count; ++i) {
        if (rest.size() < kComponentHeaderSize) {
            return std::unexpected(AggregationError::malformed);
        }
        Component component;
        std::ranges::copy(rest.first(32), component.message.bytes.begin());
        component.slot = Slot{read_number<std::uint64_t>(rest.subspan(32))};
        const std::size_t signatures = read_number<std::uint32_t>(rest.subspan(40));
        rest = rest.subspan(kComponentHeaderSize);
        if (signatures == 0 || signatures > rest.size() / scheme.signature_size()) {
            return std::unexpected(AggregationError::malformed);
        }
        component.signatures = rest.first(signatures * scheme.signature_size());
        rest = rest.subspan(component.signatures.size());
        components.push_back(component);
    }
    if (!rest.empty()) return std::unexpected(AggregationError::malformed);
    return components;
}

Result<Bytes, AggregationError> encode(Kind kind,
                                       std::span<const Component> components,
                                       const crypto::SignatureScheme& scheme,
                                       const Limits& limits) {
    LEPTON_ASSERT(!components.empty());
    LEPTON_ASSERT(kind == Kind::multi_message || components.size() == 1);
    std::size_t size = kHeaderSize;
    for (const Component& component : components) {
        const std::size_t signatures = component.count(scheme.signature_size());
        LEPTON_ASSERT(signatures > 0);
        LEPTON_ASSERT(signatures * scheme.signature_size() == component.signatures.size());
        size += kComponentHeaderSize + component.signatures.size();
    }
    constexpr std::size_t kCountMax = std::numeric_limits<std::uint8_t>::max();
    if (size > limits.proof_size_max ||
        components.size() > std::min(limits.components_max, kCountMax)) {
        return std::unexpected(AggregationError::too_large);
    }

    Bytes proof;
    proof.reserve(size);
    append(proof, as_bytes(kMagic));
    proof.push_back(kVersion);
    proof.push_back(static_cast<std::uint8_t>(kind));
    proof.push_back(static_cast<std::uint8_t>(scheme.id()));
    proof.push_back(static_cast<std::uint8_t>(components.size()));
    for (const Component& component : components) {
        append(proof, component.message.bytes);
        append_number(proof, component.slot.value);
        append_number(proof, static_cast<std::uint32_t>(component.count(scheme.signature_size())));
        append(proof, component.signatures);
    }
    LEPTON_ASSERT(proof.size() == size);
    return proof;
}

}  // namespace lepton::aggregation::bundle
