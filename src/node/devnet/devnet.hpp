// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// `lepton devnet`: makes keys and a genesis, starts nodes as separate processes on this machine,
// shows what they do, and stops them. One thread; the nodes are children of this process. A second
// one makes the keys of the next devnet meanwhile.
//
// Layout of the run directory, which scripts rely on:
//   devnet.json            array of {name, pid, quic, api, metrics, peer_id, multiaddr}
//   genesis/               the files of lean-quickstart's genesis directory
//   <name>/node.log        everything the node wrote
//   <name>/data/           its database and signing journal
//   <name>/command         its command line, for a POSIX shell: a stopped node is started again
//   with `sh <name>/command`
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lepton::node {

struct DevnetOptions {
    /// The lepton program that the nodes run.
    std::string program;
    /// 1 to 16.
    std::uint64_t nodes = 4;
    std::uint64_t validators_per_node = 1;
    /// End well once every node reports a finalized slot at or above this one.
    std::optional<std::uint64_t> until_finalized;
    /// Keys for devnets to come are kept beside it, in `<run_dir>-keys`.
    std::string run_dir = "run/devnet";
    /// Node i uses base_port + 3·i (QUIC), + 1 (HTTP API), + 2 (metrics).
    std::uint16_t base_port = 24000;
    /// "test" or "prod"
    std::string scheme = "prod";
};

/// Runs a devnet until SIGINT or SIGTERM, until the wanted slot is final, until the keys' life
/// ends, or until something fails. Returns the process exit code: 0 for the first three, 1 when a
/// node died or the deadline passed, 2 for wrong options. Everything is told on stdout and stderr.
int run_devnet(const DevnetOptions& options);

}  // namespace lepton::node
