// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Simple Serialize: bytes of a value, value of bytes, Merkle root. The entry header of the folder.
// Any thread; nothing recurses on data.
#pragma once

#include "ssz/codec.hpp"

namespace lepton::ssz {

/// Returns the SSZ form of `value`.
/// Spec: ssz_base.py `encode_bytes`
template <class T>
Bytes encode(const T& value) {
    Bytes out;
    out.reserve(Codec<T>::encoded_size(value));
    Codec<T>::encode(value, out);
    return out;
}

/// Returns the value whose SSZ form is exactly `bytes`. Allocates no more than the value needs,
/// after its length was checked.
/// Spec: ssz_base.py `decode_bytes`
/// Errors: any DecodeError; there is one form per value, so decoding and encoding are inverse.
template <class T>
Result<T, DecodeError> decode(ByteView bytes, const DecodeContext& context) {
    T value{};
    if (auto decoded = Codec<T>::decode(bytes, context, value); !decoded) {
        return std::unexpected(decoded.error());
    }
    return value;
}

/// Returns the hash_tree_root of `value` as plain bytes; types/ssz.hpp wraps it in a Root.
/// Spec: merkleization.py `hash_tree_root`
template <class T>
Bytes32 root_of(const T& value) {
    return Codec<T>::root(value);
}

}  // namespace lepton::ssz
