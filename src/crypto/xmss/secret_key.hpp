// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Secret keys and their SSZ file form. The activation range in the file's head fixes the size of
// the file and every offset, so all of it is checked before anything is allocated. Values; any
// thread.
#pragma once

#include "crypto/xmss/prf.hpp"
#include "crypto/xmss/tree.hpp"

#include <memory>

namespace lepton::crypto::xmss {

/// The two adjacent bottom trees a key can sign with at a time. The trees are shared because the
/// next window keeps one of them.
struct Window {
    std::uint64_t left_index = 0;
    std::shared_ptr<const SubTree> left;
    std::shared_ptr<const SubTree> right;
};

struct SecretKey {
    Prf prf;
    Parameter parameter;
    SlotRange activation;  // whole bottom trees, at least two
    SubTree top;
    Window window;
};

/// Returns the slots of the two bottom trees from `left_index`.
template <class P>
SlotRange window_slots(std::uint64_t left_index) {
    return {left_index * kBottomLeaves<P>, (left_index + 2) * kBottomLeaves<P>};
}

/// Returns the largest size of a secret key file.
template <class P>
std::size_t secret_key_size_max();

/// Returns the key in `bytes`, form and ranges checked, trees not hashed.
/// Errors: secret_key_size, secret_key_range, secret_key_window, secret_key_offset,
///         secret_key_tree_shape, secret_key_not_canonical
template <class P>
Result<SecretKey, SignatureError> decode_secret_key(ByteView bytes);

/// Returns the file form of `key`.
template <class P>
Bytes encode(const SecretKey& key);

}  // namespace lepton::crypto::xmss
