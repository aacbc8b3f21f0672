// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Makes every container of this folder encodable, decodable and hashable: include this header to
// call ssz::encode(value), ssz::decode<T>(bytes, context) and hash_tree_root(value). Any thread.
#pragma once

#include "ssz/ssz.hpp"
#include "types/block.hpp"
#include "types/network_messages.hpp"
#include "types/network_profile.hpp"
#include "types/state.hpp"

namespace lepton {

/// Returns the hash_tree_root of `value`. Does not exist for values that hold a Signature: its
/// root depends on the signature scheme, see signed_attestation_root.
/// Spec: merkleization.py `hash_tree_root`
/// Cost: proportional to the value; a state with a long history takes milliseconds
template <class T>
Root hash_tree_root(const T& value) {
    return Root{ssz::root_of(value)};
}

/// Returns the hash_tree_root of a signed vote whose signature container has `signature_root`
/// (crypto::SignatureScheme::signature_root of its bytes).
inline Root signed_attestation_root(const SignedAttestation& vote, const Bytes32& signature_root) {
    return Root{ssz::merkleize(
        {ssz::root_of(vote.validator_index), ssz::root_of(vote.data), signature_root}, 3)};
}

/// Returns what decoders must know of the network.
inline ssz::DecodeContext decode_context(const NetworkProfile& profile) {
    return {.public_key_size = profile.public_key_size, .signature_size = profile.signature_size};
}

}  // namespace lepton

namespace lepton::ssz {

template <class Tag>
struct Codec<Quantity<Tag>> {
    using Number = Codec<std::uint64_t>;
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = true;
    static std::size_t fixed_size(const DecodeContext& context) {
        return Number::fixed_size(context);
    }
    static std::size_t encoded_size(Quantity<Tag> value) {
        return Number::encoded_size(value.value);
    }
    static void encode(Quantity<Tag> value, Bytes& out) { Number::encode(value.value, out); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, Quantity<Tag>& out) {
        return Number::decode(bytes, context, out.value);
    }
    static Bytes32 root(Quantity<Tag> value) { return Number::root(value.value); }
};

template <>
struct Codec<Root> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static std::size_t fixed_size(const DecodeContext&) { return sizeof(Bytes32); }
    static std::size_t encoded_size(const Root&) { return sizeof(Bytes32); }
    static void encode(const Root& value, Bytes& out) { append(out, value.bytes); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, Root& out) {
        return Codec<Bytes32>::decode(bytes, context, out.bytes);
    }
    static const Bytes32& root(const Root& value) { return value.bytes; }
};

/// A byte vector of the size that the network's scheme says.
template <>
struct Codec<PublicKey> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static std::size_t fixed_size(const DecodeContext& context) { return context.public_key_size; }
    static std::size_t encoded_size(const PublicKey& value) { return value.bytes().size(); }
    static void encode(const PublicKey& value, Bytes& out) { append(out, value.bytes()); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, PublicKey& out) {
        if (bytes.size() != context.public_key_size || bytes.size() > PublicKey::kSizeMax) {
            return std::unexpected(DecodeError::wrong_size);
        }
        out = PublicKey(bytes);
        return {};
    }
    static Bytes32 root(const PublicKey& value) {
        return merkleize(pack_bytes(value.bytes()), chunk_count(value.bytes().size()));
    }
};

/// Fixed-size and inlined without an offset, although its own form begins with offsets. Has no root
/// here.
template <>
struct Codec<Signature> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static std::size_t fixed_size(const DecodeContext& context) { return context.signature_size; }
    static std::size_t encoded_size(const Signature& value) { return value.bytes.size(); }
    static void encode(const Signature& value, Bytes& out) { append(out, value.bytes); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, Signature& out) {
        if (bytes.size() != context.signature_size) return std::unexpected(DecodeError::wrong_size);
        out.bytes = to_bytes(bytes);
        return {};
    }
};

/// A list whose element i has index i.
/// Spec: containers/validator.py `Validators`
template <>
struct Codec<Validators> : ListCodec<Validator, Validators::kLimit> {
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, Validators& out);
};

/// The registry as State holds it: behind a shared pointer.
template <>
struct Codec<std::shared_ptr<const Validators>> {
    using Registry = Codec<Validators>;
    using Value = std::shared_ptr<const Validators>;
    static constexpr bool kIsVariable = true;
    static constexpr bool kIsBasic = false;
    static std::size_t encoded_size(const Value& value) { return Registry::encoded_size(*value); }
    static void encode(const Value& value, Bytes& out) { Registry::encode(*value, out); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, Value& out);
    static Bytes32 root(const Value& value) { return Registry::root(*value); }
};

}  // namespace lepton::ssz
