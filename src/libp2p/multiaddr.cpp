// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/multiaddr.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

namespace lepton::libp2p {
namespace {

// Multicodec numbers in their (shortest) varint form. Source: multiformats table.
constexpr std::array<std::uint8_t, 1> kIp4Code{0x04};
constexpr std::array<std::uint8_t, 1> kIp6Code{0x29};
constexpr std::array<std::uint8_t, 2> kUdpCode{0x91, 0x02};
constexpr std::array<std::uint8_t, 2> kQuicV1Code{0xcd, 0x03};
constexpr std::array<std::uint8_t, 2> kP2pCode{0xa5, 0x03};

constexpr std::size_t kIp4Size = 4;
constexpr std::size_t kIp6Size = 16;

/// The longest text that from_string reads: two numbers, a peer id and the words between them take
/// less than 160 characters.
constexpr std::size_t kTextSizeMax = 256;

/// Takes what stands between the leading '/' of `rest` and the next one; empty when there is none.
std::string_view take_component(std::string_view& rest) {
    if (!rest.starts_with('/')) return {};
    const std::size_t end = rest.find('/', 1);
    const std::string_view component = rest.substr(1, end == rest.npos ? end : end - 1);
    rest.remove_prefix(end == rest.npos ? rest.size() : end);
    return component;
}

bool take(ByteView& rest, ByteView expected) {
    if (rest.size() < expected.size() ||
        !std::ranges::equal(rest.first(expected.size()), expected)) {
        return false;
    }
    rest = rest.subspan(expected.size());
    return true;
}

Result<Bytes, std::string> parse_ip(int family, std::size_t size, std::string_view text) {
    Bytes ip(size);
    if (::inet_pton(family, std::string{text}.c_str(), ip.data()) != 1) {
        return std::unexpected(fmt::format("no address: {}", log::quoted(text)));
    }
    return ip;
}

Result<std::uint16_t, std::string> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end || (text.size() > 1 && text[0] == '0')) {
        return std::unexpected(fmt::format("no UDP port: {}", log::quoted(text)));
    }
    return port;
}

std::unexpected<std::string> expected_but_found(std::string_view expected, std::string_view found) {
    return std::unexpected(fmt::format("expected {}, found {}", expected, log::quoted(found)));
}

}  // namespace

std::string Multiaddr::to_string() const {
    LEPTON_ASSERT(ip.size() == kIp4Size || ip.size() == kIp6Size);
    std::array<char, INET6_ADDRSTRLEN> ip_text{};
    LEPTON_ASSERT(
        ::inet_ntop(is_ip6() ? AF_INET6 : AF_INET, ip.data(), ip_text.data(), ip_text.size()));
    std::string text =
        fmt::format("/{}/{}/udp/{}/quic-v1", is_ip6() ? "ip6" : "ip4", ip_text.data(), udp_port);
    if (peer_id) text += "/p2p/" + peer_id->to_base58();
    return text;
}

Result<Multiaddr, std::string> Multiaddr::from_string(std::string_view text) {
    // The text goes through C strings below: a zero byte would hide what follows it.
    if (text.size() > kTextSizeMax || text.find('\0') != text.npos) {
        return expected_but_found("an address", text);
    }
    std::string_view rest = text;
    Multiaddr address;

    const std::string_view ip_kind = take_component(rest);
    if (ip_kind != "ip4" && ip_kind != "ip6") return expected_but_found("/ip4 or /ip6", text);
    auto ip = ip_kind == "ip4" ? parse_ip(AF_INET, kIp4Size, take_component(rest))
                               : parse_ip(AF_INET6, kIp6Size, take_component(rest));
    if (!ip) return std::unexpected(ip.error());
    address.ip = std::move(*ip);

    if (const auto udp = take_component(rest); udp != "udp") return expected_but_found("/udp", udp);
    const auto port = parse_port(take_component(rest));
    if (!port) return std::unexpected(port.error());
    address.udp_port = *port;

    if (const auto quic = take_component(rest); quic != "quic-v1") {
        return expected_but_found("/quic-v1", quic);
    }
    if (rest.empty()) return address;

    if (const auto p2p = take_component(rest); p2p != "p2p") return expected_but_found("/p2p", p2p);
    auto peer_id = PeerId::from_base58(take_component(rest));
    if (!peer_id) return std::unexpected(peer_id.error());
    address.peer_id = std::move(*peer_id);
    if (!rest.empty()) return expected_but_found("the end", rest);
    return address;
}

Bytes Multiaddr::to_bytes() const {
    LEPTON_ASSERT(ip.size() == kIp4Size || ip.size() == kIp6Size);
    Bytes out;
    append(out, is_ip6() ? ByteView{kIp6Code} : ByteView{kIp4Code});
    append(out, ip);
    append(out, kUdpCode);
    out.push_back(static_cast<std::uint8_t>(udp_port >> 8));
    out.push_back(static_cast<std::uint8_t>(udp_port & 0xff));
    append(out, kQuicV1Code);
    if (peer_id) {
        append(out, kP2pCode);
        out.push_back(static_cast<std::uint8_t>(peer_id->bytes().size()));
        append(out, peer_id->bytes());
    }
    return out;
}

Result<Multiaddr, std::string> Multiaddr::from_bytes(ByteView bytes) {
    ByteView rest = bytes;
    Multiaddr address;

    const std::size_t ip_size = take(rest, kIp4Code)   ? kIp4Size
                                : take(rest, kIp6Code) ? kIp6Size
                                                       : 0;
    if (ip_size == 0) return std::unexpected("expected ip4 or ip6");
    if (rest.size() < ip_size) return std::unexpected("address ends early");
    address.ip = lepton::to_bytes(rest.first(ip_size));
    rest = rest.subspan(ip_size);

    if (!take(rest, kUdpCode)) return std::unexpected("expected udp");
    if (rest.size() < 2) return std::unexpected("UDP port ends early");
    address.udp_port = static_cast<std::uint16_t>(rest[0] << 8 | rest[1]);
    rest = rest.subspan(2);

    if (!take(rest, kQuicV1Code)) return std::unexpected("expected quic-v1");
    if (rest.empty()) return address;

    if (!take(rest, kP2pCode)) return std::unexpected("expected p2p");
    // The length of a permitted peer id is below 128: its varint is one byte.
    if (rest.empty() || rest[0] != rest.size() - 1) {
        return std::unexpected("peer id of a wrong length");
    }
    auto peer_id = PeerId::from_bytes(rest.subspan(1));
    if (!peer_id) return std::unexpected(peer_id.error());
    address.peer_id = std::move(*peer_id);
    return address;
}

}  // namespace lepton::libp2p
