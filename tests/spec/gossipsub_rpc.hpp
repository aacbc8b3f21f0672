// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The gossipsub RPCs of conformance vectors. Any thread.
#pragma once

#include "libp2p/gossipsub/codec.hpp"
#include "spec/json.hpp"

#include <deque>

namespace lepton::spec {

/// An RPC that borrows its texts from the vector, which must outlive it.
struct RpcOfVector {
    libp2p::gossipsub::Rpc rpc;
    /// What the messages of `rpc` point to.
    std::deque<Bytes> payloads;
};

/// Adds the members "subscriptions" and "publish" of `object`, where they are there.
void read_parts(const json::object& object, RpcOfVector& out);
/// Adds the members "ihave", "iwant", "graft", "prune" and "idontwant" of `object`.
void read_control(const json::object& object, RpcOfVector& out);

/// Changes backoffs of zero to none, which is how the specification encodes zero.
void drop_zero_backoffs(libp2p::gossipsub::Rpc& rpc);

}  // namespace lepton::spec
