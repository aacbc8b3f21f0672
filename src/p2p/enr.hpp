// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Ethereum node records (EIP-778, identity scheme v4): the signed line of text that says where a
// node is and what it serves. A value; any thread.
#pragma once

#include "base/bytes.hpp"
#include "crypto/secp256k1.hpp"
#include "libp2p/multiaddr.hpp"
#include "types/primitives.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::p2p {

/// Most bytes of a record, by EIP-778.
inline constexpr std::size_t kEnrSizeMax = 300;

enum class EnrError : std::uint8_t {
    /// The text does not start with "enr:", or is not unpadded base64url.
    bad_text,
    too_large,
    /// No list of signature, number and pairs in canonical RLP.
    bad_rlp,
    /// Keys not in ascending order, or twice.
    unordered_keys,
    /// Identity scheme other than v4, or no well-formed public key.
    bad_identity,
    /// A signature that is not 64 bytes.
    bad_signature_size,
    /// Only from Enr::verify: signed by another key, or altered.
    bad_signature,
    /// Only from Enr::address: the record names no IP address or no port.
    no_address,
};
std::string_view to_string(EnrError error);

/// Field "eth2": which fork the node is on.
struct EnrFork {
    std::array<std::uint8_t, 4> digest{};
    std::array<std::uint8_t, 4> next_version{};
    std::uint64_t next_epoch = UINT64_MAX;

    bool operator==(const EnrFork&) const = default;
};

/// What a record made here says.
struct EnrContent {
    std::uint64_t sequence = 1;
    /// 4 or 16 bytes, network order.
    Bytes ip;
    std::uint16_t quic_port = 0;
    std::optional<EnrFork> fork;
    /// Attestation subnets below Enr::kSubnets; others do not fit and are left out.
    std::vector<SubnetId> subnets;
    bool is_aggregator = false;
};

class Enr {
  public:
    /// Subnets that the field "attnets" has room for.
    static constexpr std::size_t kSubnets = 64;

    /// Reads a record without checking its signature.
    /// Errors: all but bad_signature and no_address
    static Result<Enr, EnrError> from_text(std::string_view text);
    static Result<Enr, EnrError> from_rlp(ByteView rlp);

    /// Returns the record of `content`, signed.
    /// Errors: too_large
    static Result<Enr, EnrError> make(const EnrContent& content,
                                      const crypto::secp256k1::SecretKey& key);

    /// Checks that the owner of public_key() signed this record.
    /// Errors: bad_signature
    /// Cost: one ECDSA verification, about 0.1 ms
    Result<void, EnrError> verify() const;

    std::string to_text() const;
    Bytes to_rlp() const;

    std::uint64_t sequence() const { return sequence_; }
    const crypto::secp256k1::PublicKey& public_key() const { return public_key_; }
    /// keccak256 of the public key's coordinates.
    Bytes32 node_id() const;
    libp2p::PeerId peer_id() const;

    /// Returns the value of `key`, as it is in the record.
    std::optional<ByteView> field(std::string_view key) const;
    /// Fields of another size than the type has count as absent.
    std::optional<std::uint16_t> port(std::string_view key) const;
    std::optional<EnrFork> fork() const;
    std::vector<SubnetId> subnets() const;
    bool is_aggregator() const;

    /// Returns where to dial the node: IPv4 before IPv6, the QUIC port before the UDP port, the
    /// port of IPv6 before the one of both.
    /// Errors: no_address
    Result<libp2p::Multiaddr, EnrError> address() const;

  private:
    explicit Enr(const crypto::secp256k1::PublicKey& public_key) : public_key_(public_key) {}

    /// Sequence number and pairs, encoded: what is signed is their list.
    Bytes content_items() const;

    std::uint64_t sequence_ = 0;
    std::map<std::string, Bytes, std::less<>> fields_;
    crypto::secp256k1::PublicKey public_key_;
    crypto::secp256k1::CompactSignature signature_{};
};

}  // namespace lepton::p2p
