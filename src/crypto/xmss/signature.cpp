// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/signature.hpp"

#include "base/assert.hpp"
#include "crypto/sha256.hpp"
#include "crypto/xmss/little_endian.hpp"

#include <algorithm>
#include <bit>

namespace lepton::crypto::xmss {
namespace {

// Reads consecutive digests; returns false when an element is not canonical.
bool read_digests(ByteView bytes, std::span<Digest> digests) {
    bool is_canonical = true;
    for (std::size_t i = 0; i < digests.size(); ++i) {
        is_canonical &= read_elements(bytes.subspan(kDigestSize * i, kDigestSize), digests[i]);
    }
    return is_canonical;
}

template <std::size_t Count>
void append_elements(Bytes& out, const std::array<Fp, Count>& elements) {
    const std::size_t at = out.size();
    out.resize(at + sizeof elements);
    write_elements(elements, MutableByteView{out}.subspan(at));
}

Bytes32 hash_pair(const Bytes32& left, const Bytes32& right) {
    std::array<std::uint8_t, 64> block;
    std::ranges::copy(right, std::ranges::copy(left, block.begin()).out);
    Bytes32 parent;
    sha256_64(block.data(), 1, parent.data());
    return parent;
}

// The bytes, at most 32, as a chunk.
Bytes32 chunk_of(ByteView bytes) {
    Bytes32 chunk{};
    std::ranges::copy(bytes, chunk.begin());
    return chunk;
}

// The root of a list of digests (32 bytes, so each is its own root) with room for 2^depth.
Bytes32 digest_list_root(ByteView digests, std::size_t depth) {
    std::vector<Bytes32> layer;
    for (std::size_t at = 0; at < digests.size(); at += kDigestSize) {
        layer.push_back(chunk_of(digests.subspan(at, kDigestSize)));
    }
    const std::uint64_t length = layer.size();
    Bytes32 zero{};
    for (std::size_t level = 0; level < depth; ++level) {
        if (layer.size() % 2 == 1) layer.push_back(zero);
        for (std::size_t i = 0; i < layer.size() / 2; ++i) {
            layer[i] = hash_pair(layer[2 * i], layer[2 * i + 1]);
        }
        layer.resize(layer.size() / 2);
        zero = hash_pair(zero, zero);
    }
    LEPTON_ASSERT(layer.size() == 1);
    Bytes length_bytes;
    append_little_endian(length_bytes, length);
    return hash_pair(layer.front(), chunk_of(length_bytes));
}

}  // namespace

Result<PublicKey, SignatureError> decode_public_key(ByteView bytes) {
    if (bytes.size() != kPublicKeySize) return std::unexpected(SignatureError::public_key_size);
    PublicKey key;
    if (!read_elements(bytes.first(kDigestSize), key.root) ||
        !read_elements(bytes.subspan(kDigestSize), key.parameter)) {
        return std::unexpected(SignatureError::public_key_not_canonical);
    }
    return key;
}

Bytes encode(const PublicKey& key) {
    Bytes bytes;
    append_elements(bytes, key.root);
    append_elements(bytes, key.parameter);
    return bytes;
}

Bytes32 public_key_root(ByteView bytes) {
    LEPTON_ASSERT(bytes.size() == kPublicKeySize);
    return hash_pair(chunk_of(bytes.first(kDigestSize)), chunk_of(bytes.subspan(kDigestSize)));
}

template <class P>
Result<Signature<P>, SignatureError> decode_signature(ByteView bytes) {
    using Layout = SignatureLayout<P>;
    if (bytes.size() != Layout::kSize) return std::unexpected(SignatureError::signature_size);
    const auto offset_at = [&](std::size_t at) {
        return read_little_endian<std::uint32_t>(bytes.subspan(at));
    };
    // Size and offsets fix the lengths of both lists.
    if (offset_at(0) != Layout::kPath || offset_at(4 + kRhoSize) != Layout::kHashes ||
        offset_at(Layout::kPath) != Layout::kSiblings - Layout::kPath) {
        return std::unexpected(SignatureError::signature_offset);
    }
    Signature<P> signature;
    if (!read_elements(bytes.subspan(4, kRhoSize), signature.rho) ||
        !read_digests(bytes.subspan(Layout::kSiblings), signature.path) ||
        !read_digests(bytes.subspan(Layout::kHashes), signature.hashes)) {
        return std::unexpected(SignatureError::signature_not_canonical);
    }
    return signature;
}

template <class P>
Bytes encode(const Signature<P>& signature) {
    using Layout = SignatureLayout<P>;
    Bytes bytes;
    bytes.reserve(Layout::kSize);
    append_little_endian(bytes, std::uint32_t{Layout::kPath});
    append_elements(bytes, signature.rho);
    append_little_endian(bytes, std::uint32_t{Layout::kHashes});
    append_little_endian(bytes, std::uint32_t{Layout::kSiblings - Layout::kPath});
    for (const Digest& sibling : signature.path) append_elements(bytes, sibling);
    for (const Digest& hash : signature.hashes) append_elements(bytes, hash);
    LEPTON_ASSERT(bytes.size() == Layout::kSize);
    return bytes;
}

template <class P>
Bytes32 signature_root(ByteView bytes) {
    using Layout = SignatureLayout<P>;
    LEPTON_ASSERT(bytes.size() == Layout::kSize);
    // Both lists are declared with room for twice a bottom tree's leaves. The opening is a
    // container of one field, so its root is that field's.
    constexpr std::size_t kDepth = kBottomHeight<P> + 1;
    const auto siblings = bytes.subspan(Layout::kSiblings, kDigestSize * P::kLogLifetime);
    const Bytes32 path = digest_list_root(siblings, kDepth);
    const Bytes32 rho = chunk_of(bytes.subspan(4, kRhoSize));
    const Bytes32 hashes = digest_list_root(bytes.subspan(Layout::kHashes), kDepth);
    return hash_pair(hash_pair(path, rho), hash_pair(hashes, Bytes32{}));
}

template Result<Signature<ProdParameters>, SignatureError> decode_signature(ByteView);
template Result<Signature<TestParameters>, SignatureError> decode_signature(ByteView);
template Bytes encode(const Signature<ProdParameters>&);
template Bytes encode(const Signature<TestParameters>&);
template Bytes32 signature_root<ProdParameters>(ByteView);
template Bytes32 signature_root<TestParameters>(ByteView);

}  // namespace lepton::crypto::xmss
