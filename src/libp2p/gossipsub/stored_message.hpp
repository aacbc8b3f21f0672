// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A gossip message as it travels. Immutable and shared: the cache and the queues of many peers hold
// the same bytes. One thread.
#pragma once

#include "libp2p/gossipsub/codec.hpp"

#include <memory>
#include <string>

namespace lepton::libp2p::gossipsub {

struct StoredMessage {
    MessageId id{};
    std::string topic;
    /// As on the wire, not transformed.
    Bytes data;
};

using MessagePtr = std::shared_ptr<const StoredMessage>;

}  // namespace lepton::libp2p::gossipsub
