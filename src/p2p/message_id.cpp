// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/message_id.hpp"

#include "crypto/sha256.hpp"
#include "p2p/snappy_block.hpp"
#include "p2p/topics.hpp"

#include <algorithm>

namespace lepton::p2p {

Bytes20 message_id(const MessageDomain& domain, std::string_view topic, ByteView data) {
    std::array<std::uint8_t, 8> topic_size{};
    for (std::size_t i = 0; i < topic_size.size(); ++i) {
        topic_size[i] = static_cast<std::uint8_t>(std::uint64_t{topic.size()} >> (8 * i));
    }
    crypto::Sha256 hash;
    hash.update(domain);
    hash.update(topic_size);
    hash.update(as_bytes(topic));
    hash.update(data);
    const Bytes32 digest = hash.finish();
    Bytes20 id{};
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

libp2p::gossipsub::MessageTransform message_transform(const NetworkProfile& profile) {
    using libp2p::gossipsub::Transformed;
    return [digest = profile.fork_digest, signature_size = profile.signature_size](
               std::string_view name, ByteView raw) -> Result<Transformed, std::string> {
        const auto topic = parse_topic(digest, name);
        if (!topic) return std::unexpected(std::string{"unknown_topic"});
        auto data = snappy_block_decode(raw, payload_size_max(topic->kind, signature_size));
        if (!data) return std::unexpected(std::string{to_string(data.error())});
        const Bytes20 id = message_id(kDomainValidSnappy, name, *data);
        return Transformed{id, *std::move(data)};
    };
}

}  // namespace lepton::p2p
