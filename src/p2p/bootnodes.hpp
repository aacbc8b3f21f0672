// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Reads the list of nodes to connect to at the start (nodes.yaml): node records or multiaddrs, one
// a line. Nothing in it can stop the node. Any thread.
#pragma once

#include "libp2p/multiaddr.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lepton::p2p {

/// Most nodes taken from a list; more than a node ever connects to.
inline constexpr std::size_t kBootnodesMax = 1024;

struct Bootnodes {
    /// Where to dial, each with its peer id, each peer once, without this node itself.
    std::vector<libp2p::Multiaddr> addresses;
    /// One line for the log for each entry that was left out, naming the line of the file.
    std::vector<std::string> warnings;
};

/// Returns the nodes that `text` lists: a YAML list of records ("enr:…") or multiaddrs with a peer
/// id, as block ("- …") or as flow ("[…, …]"), bare or quoted; a bare list with commas too.
/// Records must be signed by their own key.
/// Input: self: peer id of this node
/// Cost:  one signature check for each record
Bootnodes parse_bootnodes(std::string_view text, const libp2p::PeerId& self);

}  // namespace lepton::p2p
