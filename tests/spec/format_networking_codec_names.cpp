// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Who a node is and where: node records and peer ids.
#include "libp2p/public_key.hpp"
#include "p2p/enr.hpp"
#include "spec/format_networking_codec.hpp"

namespace lepton::spec {
namespace {

using p2p::Enr;

/// The members that a vector has, as lepton reads them from the record; the rest is absent.
json::object properties_of(const Enr& enr) {
    json::object found;
    const auto add = [&found](std::string_view key, const auto& value) {
        found[key] = json::value_from(value);
    };
    const auto hex = [](ByteView bytes) { return "0x" + to_hex(bytes); };
    add("rlp", hex(enr.to_rlp()));
    add("seq", enr.sequence());
    if (const auto scheme = enr.field("id")) add("identityScheme", as_text(*scheme));
    add("nodeId", hex(enr.node_id()));
    add("publicKey", hex(enr.public_key().compressed()));
    if (const auto ip = enr.field("ip"); ip && ip->size() == 4) {
        add("ip4", fmt::format("{}", fmt::join(*ip, ".")));
    }
    if (const auto port = enr.port("udp")) add("udpPort", *port);
    if (const auto port = enr.port("quic")) add("quicPort", *port);
    if (auto address = enr.address()) {
        address->peer_id.reset();  // the specification leaves it out
        add("multiaddr", address->to_string());
    }
    if (const auto fork = enr.fork()) {
        add("eth2Data",
            json::object{{"forkDigest", json::string(hex(fork->digest))},
                         {"nextForkVersion", json::string(hex(fork->next_version))},
                         {"nextForkEpoch", fork->next_epoch}});
    }
    if (enr.field("attnets")) {
        json::array subnets;
        for (const SubnetId subnet : enr.subnets()) subnets.emplace_back(subnet.value);
        add("attestationSubnets", subnets);
    }
    add("isAggregator", enr.is_aggregator());
    add("signatureValid", enr.verify().has_value());
    return found;
}

}  // namespace

Verdict check_enr(const CodecCase& test) {
    allow_only(test.codec, {"kind", "enrString"});
    const std::string text(as_string(at(test.codec, "enrString")));
    const auto enr = Enr::from_text(text);
    // lepton reads no other records than those that the specification calls valid.
    const bool is_valid = as_bool(at(test.output, "isValid"));
    if (auto equal = expect_equal("isValid", enr.has_value(), is_valid); !equal) return equal;
    if (!is_valid) {
        test.note = "the rest of output: lepton reads nothing from an invalid record";
        return {};
    }
    if (auto equal = expect_equal("text", enr->to_text(), text); !equal) return equal;
    const auto again = Enr::from_rlp(as_bytes(at(test.output, "rlp")));
    if (!again) return std::unexpected(fmt::format("rlp: {}", to_string(again.error())));

    json::object expected = test.output;
    expected.erase("isValid");
    for (const Enr& record : {*enr, *again}) {
        const json::object found = properties_of(record);
        for (const auto& member : expected) {
            const json::value* const value = find(found, member.key());
            if (value != nullptr && *value == member.value()) continue;
            return std::unexpected(
                fmt::format("{}: got {}, expected {}",
                            std::string_view(member.key()),
                            value == nullptr ? "nothing" : json::serialize(*value),
                            json::serialize(member.value())));
        }
        for (const auto& member : found) {
            if (find(expected, member.key()) != nullptr) continue;
            return std::unexpected(
                fmt::format("{}: expected nothing", std::string_view(member.key())));
        }
    }
    return {};
}

Verdict check_peer_id(const CodecCase& test) {
    using libp2p::KeyType;
    using libp2p::PeerId;
    using libp2p::PublicKey;
    static const std::map<std::string_view, KeyType> kTypes{{"rsa", KeyType::rsa},
                                                            {"ed25519", KeyType::ed25519},
                                                            {"secp256k1", KeyType::secp256k1},
                                                            {"ecdsa", KeyType::ecdsa}};
    allow_only(test.codec, {"kind", "keyType", "publicKey"});
    allow_only(test.output, {"protobufEncoded", "peerId"});
    const std::string_view name = as_string(at(test.codec, "keyType"));
    const auto type = kTypes.find(name);
    if (type == kTypes.end()) throw BadVector(fmt::format("unknown keyType '{}'", name));

    const libp2p::PublicKey key{type->second, as_bytes(at(test.codec, "publicKey"))};
    const Bytes encoded = as_bytes(at(test.output, "protobufEncoded"));
    if (auto equal = expect_equal("protobufEncoded", to_hex(key.to_protobuf()), to_hex(encoded));
        !equal) {
        return equal;
    }
    const auto decoded = PublicKey::from_protobuf(encoded);
    if (!decoded) return std::unexpected(fmt::format("protobufEncoded: {}", decoded.error()));
    if (*decoded != key) return std::unexpected("protobufEncoded decodes to another key");

    const std::string text(as_string(at(test.output, "peerId")));
    const PeerId id = PeerId::from_public_key(encoded);
    if (auto equal = expect_equal("peerId", id.to_base58(), text); !equal) return equal;
    const auto parsed = PeerId::from_base58(text);
    if (!parsed) return std::unexpected(fmt::format("peerId: {}", parsed.error()));
    if (*parsed != id) return std::unexpected("peerId decodes to another peer");
    return {};
}

}  // namespace lepton::spec
