// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The request protocols as the swarm runs them: decoders, limits, rates. Reactor thread.
#pragma once

#include "libp2p/request_response/protocol.hpp"
#include "p2p/request_codec.hpp"

#include <vector>

namespace lepton::p2p {

/// Returns how the swarm is to run `protocol`. A message of its request decoder is the request's
/// SSZ form; one of its response decoder is made for response_chunk.
libp2p::RequestProtocol swarm_protocol(RequestProtocol protocol);
std::vector<libp2p::RequestProtocol> swarm_protocols();

/// Returns the chunk that a message of a response decoder holds.
ResponseChunk response_chunk(Bytes message);

}  // namespace lepton::p2p
