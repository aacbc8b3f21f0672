// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/message_id.hpp"

#include "crypto/sha256.hpp"

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

}  // namespace lepton::p2p
