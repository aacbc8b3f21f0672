// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// `lepton check`: what of this machine, and of the files a node would be started with, will hurt
// once it runs. What is seen and what it means are apart, so that the second is tested without a
// machine for each case.
#pragma once

#include "crypto/kernel_names.hpp"
#include "crypto/signature_scheme.hpp"
#include "node/options.hpp"
#include "types/primitives.hpp"
#include "validator/signing_journal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::node {

/// What was seen.
struct CheckFacts {
    /// Bytes that a UDP socket got when it asked for QUIC's buffer.
    std::uint64_t udp_receive_buffer = 0;
    std::uint64_t open_files_max = 0;
    /// What the kernel says of its clock; nothing when it does not answer.
    struct ClockState {
        bool is_synchronized = false;
        double error_ms = 0;
    };
    std::optional<ClockState> clock;
    unsigned processors = 0;
    /// Names of the instruction sets that matter here, and whether they are present.
    struct CpuFeature {
        std::string_view name;
        bool is_present = false;
    };
    std::vector<CpuFeature> cpu;
    crypto::KernelNames kernels;
    struct Port {
        /// With the flag that chose it.
        std::string name;
        /// Why it cannot be had; empty: it can.
        std::string error;
    };
    std::vector<Port> ports;
    std::string data_dir;
    /// Why nothing can be written there; empty: it can.
    std::string data_dir_error;
    std::uint64_t disk_free = 0;
    Slot current_slot{0};
    std::uint64_t milliseconds_per_slot = 0;
    struct Key {
        ValidatorIndex validator;
        validator::Role role = validator::Role::attestation;
        crypto::SlotRange activation;
        crypto::SlotRange prepared;
    };
    std::vector<Key> keys;
};

struct Finding {
    enum class Level : std::uint8_t {
        ok,
        /// It will work worse than it could.
        warn,
        /// The node will not start, or not do its duties.
        fail,
    };
    Level level = Level::ok;
    /// `name key=value …`, and what to do about it.
    std::string text;

    bool operator==(const Finding&) const = default;
};
std::string_view to_string(Finding::Level level);

/// Returns what the facts mean, one finding for each thing that was looked at.
std::vector<Finding> judge(const CheckFacts& facts);

/// Looks at the machine and the files of `options`, prints a line for each finding and at the end
/// "N ok, N warnings, N failed". Starts and writes nothing. Returns 0 when nothing failed, 1 when
/// something did; kExitConfig, and one line, when the files cannot be read.
int run_check(const NodeOptions& options);

}  // namespace lepton::node
