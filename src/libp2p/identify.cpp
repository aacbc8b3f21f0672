// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/identify.hpp"

#include "base/assert.hpp"
#include "libp2p/protobuf.hpp"

#include <algorithm>

namespace lepton::libp2p {
namespace {

enum Field : std::uint32_t {
    kPublicKey = 1,
    kListenAddress = 2,
    kProtocol = 3,
    kObservedAddress = 4,
    kProtocolVersion = 5,
    kAgentVersion = 6
};

std::string cut_text(ByteView bytes) {
    return std::string(as_text(bytes).substr(0, kIdentifyTextMax));
}

}  // namespace

Bytes encode_identify(const IdentifyInfo& info) {
    Bytes out;
    append_bytes_field(out, kPublicKey, info.public_key);
    for (const Multiaddr& address : info.listen_addresses) {
        append_bytes_field(out, kListenAddress, address.to_bytes());
    }
    for (const std::string& protocol : info.protocols) {
        append_string_field(out, kProtocol, protocol);
    }
    if (info.observed_address) {
        append_bytes_field(out, kObservedAddress, info.observed_address->to_bytes());
    }
    append_string_field(out, kProtocolVersion, info.protocol_version);
    append_string_field(out, kAgentVersion, info.agent_version);
    return out;
}

std::string_view to_string(IdentifyError error) {
    switch (error) {
        case IdentifyError::too_large:
            return "too_large";
        case IdentifyError::malformed:
            return "malformed";
        case IdentifyError::too_many_entries:
            return "too_many_entries";
    }
    assertion_failed("known IdentifyError", __FILE__, __LINE__, {});
}

Result<IdentifyInfo, IdentifyError> decode_identify(ByteView message) {
    if (message.size() > kIdentifySizeMax) return std::unexpected(IdentifyError::too_large);
    IdentifyInfo info;
    std::size_t addresses = 0;
    ProtobufReader reader(message);
    while (const auto field = reader.next()) {
        if (field->type != WireType::bytes) continue;
        switch (field->number) {
            case kPublicKey:
                info.public_key = to_bytes(field->bytes);
                break;
            case kListenAddress:
                if (++addresses > kIdentifyAddressesMax) {
                    return std::unexpected(IdentifyError::too_many_entries);
                }
                if (auto address = Multiaddr::from_bytes(field->bytes)) {
                    info.listen_addresses.push_back(std::move(*address));
                }
                break;
            case kProtocol:
                if (info.protocols.size() == kIdentifyProtocolsMax) {
                    return std::unexpected(IdentifyError::too_many_entries);
                }
                info.protocols.push_back(cut_text(field->bytes));
                break;
            case kObservedAddress:
                if (auto address = Multiaddr::from_bytes(field->bytes)) {
                    info.observed_address = std::move(*address);
                }
                break;
            case kProtocolVersion:
                info.protocol_version = cut_text(field->bytes);
                break;
            case kAgentVersion:
                info.agent_version = cut_text(field->bytes);
                break;
            default:
                break;
        }
    }
    if (reader.is_malformed()) return std::unexpected(IdentifyError::malformed);
    return info;
}

}  // namespace lepton::libp2p
