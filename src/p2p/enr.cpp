// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/enr.hpp"

#include "base/assert.hpp"
#include "crypto/keccak.hpp"
#include "libp2p/public_key.hpp"
#include "p2p/base64url.hpp"
#include "p2p/rlp.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

constexpr std::string_view kTextPrefix = "enr:";
constexpr std::string_view kScheme = "v4";
constexpr std::string_view kKeyField = "secp256k1";

// A number without leading zeros, as RLP has it.
Bytes encode_port(std::uint16_t port) {
    LEPTON_ASSERT(port != 0);
    Bytes out{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
    if (out.front() == 0) out.erase(out.begin());
    return out;
}

// Digest, version, and the epoch as a 64-bit little-endian number: an SSZ container.
Bytes encode_fork(const EnrFork& fork) {
    Bytes out = to_bytes(fork.digest);
    append(out, fork.next_version);
    for (int shift = 0; shift < 64; shift += 8) {
        out.push_back(static_cast<std::uint8_t>(fork.next_epoch >> shift));
    }
    return out;
}

Bytes encode_subnets(const std::vector<SubnetId>& subnets) {
    Bytes bits(Enr::kSubnets / 8);
    for (const SubnetId subnet : subnets) {
        if (subnet.value >= Enr::kSubnets) continue;
        const auto bit = static_cast<std::uint8_t>(1u << (subnet.value % 8));
        bits[subnet.value / 8] = static_cast<std::uint8_t>(bits[subnet.value / 8] | bit);
    }
    return bits;
}

}  // namespace

std::string_view to_string(EnrError error) {
    switch (error) {
        case EnrError::bad_text:
            return "no base64url text after \"enr:\"";
        case EnrError::too_large:
            return "larger than 300 bytes";
        case EnrError::bad_rlp:
            return "malformed RLP";
        case EnrError::unordered_keys:
            return "keys not in ascending order";
        case EnrError::bad_identity:
            return "no secp256k1 key of identity scheme v4";
        case EnrError::bad_signature_size:
            return "signature is not 64 bytes";
        case EnrError::bad_signature:
            return "signature does not verify";
        case EnrError::no_address:
            return "no IP address with a QUIC or UDP port";
    }
    assertion_failed("known EnrError", __FILE__, __LINE__, {});
}

Result<Enr, EnrError> Enr::from_text(std::string_view text) {
    if (!text.starts_with(kTextPrefix)) return std::unexpected(EnrError::bad_text);
    text.remove_prefix(kTextPrefix.size());
    if (text.size() > kEnrSizeMax * 4 / 3) return std::unexpected(EnrError::too_large);
    const auto rlp = from_base64url(text);
    if (!rlp) return std::unexpected(EnrError::bad_text);
    return from_rlp(*rlp);
}

Result<Enr, EnrError> Enr::from_rlp(ByteView rlp) {
    if (rlp.size() > kEnrSizeMax) return std::unexpected(EnrError::too_large);
    RlpReader outer(rlp);
    const auto list = outer.list();
    if (!list || !outer.empty()) return std::unexpected(EnrError::bad_rlp);

    RlpReader items(*list);
    const auto signature = items.string();
    const auto sequence = items.number();
    if (!signature || !sequence) return std::unexpected(EnrError::bad_rlp);
    std::map<std::string, Bytes, std::less<>> fields;
    while (!items.empty()) {
        const auto key = items.string();
        const auto value = items.string();
        if (!key || !value) return std::unexpected(EnrError::bad_rlp);
        if (!fields.empty() && fields.rbegin()->first >= as_text(*key)) {
            return std::unexpected(EnrError::unordered_keys);
        }
        fields.emplace(as_text(*key), to_bytes(*value));
    }

    const auto scheme = fields.find("id");
    const auto key = fields.find(kKeyField);
    if (scheme == fields.end() || as_text(scheme->second) != kScheme || key == fields.end()) {
        return std::unexpected(EnrError::bad_identity);
    }
    const auto public_key = crypto::secp256k1::PublicKey::parse(key->second);
    if (!public_key) return std::unexpected(EnrError::bad_identity);

    Enr enr(*public_key);
    if (signature->size() != enr.signature_.size()) {
        return std::unexpected(EnrError::bad_signature_size);
    }
    std::ranges::copy(*signature, enr.signature_.begin());
    enr.sequence_ = *sequence;
    enr.fields_ = std::move(fields);
    return enr;
}

Result<Enr, EnrError> Enr::make(const EnrContent& content,
                                const crypto::secp256k1::SecretKey& key) {
    Enr enr(key.public_key());
    enr.sequence_ = content.sequence;
    auto& fields = enr.fields_;
    fields["id"] = to_bytes(as_bytes(kScheme));
    fields[std::string{kKeyField}] = to_bytes(key.public_key().compressed());
    LEPTON_ASSERT(content.ip.size() == 4 || content.ip.size() == 16);
    const bool is_ip4 = content.ip.size() == 4;
    fields[is_ip4 ? "ip" : "ip6"] = content.ip;
    fields[is_ip4 ? "quic" : "quic6"] = encode_port(content.quic_port);
    if (content.fork) fields["eth2"] = encode_fork(*content.fork);
    if (!content.subnets.empty()) fields["attnets"] = encode_subnets(content.subnets);
    if (content.is_aggregator) fields["is_aggregator"] = Bytes{1};

    enr.signature_ = key.sign(crypto::keccak256(rlp_list(enr.content_items())));
    if (enr.to_rlp().size() > kEnrSizeMax) return std::unexpected(EnrError::too_large);
    return enr;
}

Result<void, EnrError> Enr::verify() const {
    if (!public_key_.verify(crypto::keccak256(rlp_list(content_items())), signature_)) {
        return std::unexpected(EnrError::bad_signature);
    }
    return {};
}

std::string Enr::to_text() const {
    return std::string{kTextPrefix} + to_base64url(to_rlp());
}

Bytes Enr::to_rlp() const {
    Bytes items;
    append_rlp_string(items, signature_);
    append(items, content_items());
    return rlp_list(items);
}

Bytes Enr::content_items() const {
    Bytes items;
    append_rlp_number(items, sequence_);
    for (const auto& [key, value] : fields_) {
        append_rlp_string(items, as_bytes(key));
        append_rlp_string(items, value);
    }
    return items;
}

Bytes32 Enr::node_id() const {
    return crypto::keccak256(public_key_.coordinates());
}

libp2p::PeerId Enr::peer_id() const {
    const libp2p::PublicKey key{libp2p::KeyType::secp256k1, to_bytes(public_key_.compressed())};
    return libp2p::PeerId::from_public_key(key.to_protobuf());
}

std::optional<ByteView> Enr::field(std::string_view key) const {
    const auto at = fields_.find(key);
    if (at == fields_.end()) return std::nullopt;
    return at->second;
}

std::optional<std::uint16_t> Enr::port(std::string_view key) const {
    const auto value = field(key);
    if (!value || value->empty() || value->size() > 2) return std::nullopt;
    std::uint32_t port = 0;
    for (const std::uint8_t byte : *value) port = port << 8 | byte;
    if (port == 0) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

std::optional<EnrFork> Enr::fork() const {
    const auto value = field("eth2");
    if (!value || value->size() != 16) return std::nullopt;
    EnrFork fork;
    std::copy_n(value->begin(), 4, fork.digest.begin());
    std::copy_n(value->begin() + 4, 4, fork.next_version.begin());
    fork.next_epoch = 0;
    for (std::size_t i = 0; i < 8; ++i)
        fork.next_epoch |= std::uint64_t{(*value)[8 + i]} << (8 * i);
    return fork;
}

std::vector<SubnetId> Enr::subnets() const {
    std::vector<SubnetId> subnets;
    const auto bits = field("attnets");
    if (!bits || bits->size() != kSubnets / 8) return subnets;
    for (std::uint64_t subnet = 0; subnet < kSubnets; ++subnet) {
        if (((*bits)[subnet / 8] >> (subnet % 8) & 1) != 0) subnets.push_back(SubnetId{subnet});
    }
    return subnets;
}

bool Enr::is_aggregator() const {
    const auto value = field("is_aggregator");
    return value && value->size() == 1 && value->front() == 1;
}

Result<libp2p::Multiaddr, EnrError> Enr::address() const {
    const auto address_of =
        [this](
            std::string_view ip_key,
            std::size_t ip_size,
            std::initializer_list<std::string_view> port_keys) -> std::optional<libp2p::Multiaddr> {
        const auto ip = field(ip_key);
        if (!ip || ip->size() != ip_size) return std::nullopt;
        for (const std::string_view key : port_keys) {
            if (const auto number = port(key)) {
                return libp2p::Multiaddr{to_bytes(*ip), *number, peer_id()};
            }
        }
        return std::nullopt;
    };
    if (auto ip4 = address_of("ip", 4, {"quic", "udp"})) return *std::move(ip4);
    if (auto ip6 = address_of("ip6", 16, {"quic6", "quic", "udp6", "udp"})) return *std::move(ip6);
    return std::unexpected(EnrError::no_address);
}

}  // namespace lepton::p2p
