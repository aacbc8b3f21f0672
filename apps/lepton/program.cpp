// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "lepton/program.hpp"

#include "node/check.hpp"
#include "node/devnet/devnet.hpp"
#include "node/network_files.hpp"
#include "node/no_core_file.hpp"
#include "node/node.hpp"
#include "node/test_driver_process.hpp"
#include "node/version.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace lepton {
namespace {

using node::DevnetOptions;
using node::NetworkFilesOptions;
using node::NodeOptions;

constexpr int kExitUsage = 2;

// Flags of ethlambda whose feature lepton does not have yet.
constexpr MissingFlag kNotYet[] = {
    {"--checkpoint-sync-url", "checkpoint sync yet", true},
    {"--discovery.enable", "discovery (discv5) yet", false},
    {"--discovery.port", "discovery (discv5) yet", true},
    {"--discovery.advertise-ip", "discovery (discv5) yet", true},
};

void add_node_flags(CLI::App& command, NodeOptions& options) {
    command.add_option("--genesis", options.genesis, "config.yaml")->required();
    command.add_option("--validators", options.validators, "annotated_validators.yaml")->required();
    command.add_option("--bootnodes", options.bootnodes, "nodes.yaml")->required();
    command.add_option("--validator-config", options.validator_config, "validator-config.yaml")
        ->required();
    command.add_option("--hash-sig-keys-dir", options.hash_sig_keys_dir, "XMSS key directory")
        ->required();
    command.add_option("--node-key", options.node_key, "secp256k1 key file (64 hex digits)")
        ->required();
    command.add_option("--node-id", options.node_id, "this node's name in the validators file")
        ->required();
    command.add_option("--data-dir", options.data_dir, "database and signing journal")
        ->capture_default_str();
    command.add_option("--gossipsub-port", options.gossipsub_port, "QUIC port (UDP)")
        ->capture_default_str();
    command.add_option("--http-address", options.http_address, "address of both HTTP servers")
        ->capture_default_str();
    command.add_option("--api-port", options.api_port, "HTTP API port")->capture_default_str();
    command
        .add_option("--metrics-port", options.metrics_port, "metrics port; may equal --api-port")
        ->capture_default_str();
    command.add_flag("--is-aggregator", options.is_aggregator, "aggregate votes");
    command
        .add_option("--attestation-committee-count",
                    options.attestation_committee_count,
                    "subnets (default: validator-config.yaml, else 1)")
        ->check(CLI::PositiveNumber);
    command
        .add_option("--aggregate-subnet-ids",
                    options.aggregate_subnet_ids,
                    "more subnets to aggregate; needs --is-aggregator")
        ->delimiter(',');
    command.add_flag("--disable-duty-sync-gate",
                     options.disable_duty_sync_gate,
                     "do duties also while the head is behind");
    // What this flag asks for is how lepton always proposes: proofs of equal votes are merged.
    command.add_flag("--enable-proposer-aggregation")->group("");
    command
        .add_option(
            "--max-attestations-per-block",
            options.max_attestations_per_block,
            "distinct votes per block, at least 1; above 8 means 8, the most a block may have")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--network", options.network, "leanspec-prod or leanspec-test")
        ->capture_default_str();
    command.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")
        ->capture_default_str();
    for (const MissingFlag& missing : kNotYet) refuse_flag(command, missing);
}

void add_devnet_flags(CLI::App& command, DevnetOptions& options) {
    command.add_option("--nodes", options.nodes, "how many nodes, 1 to 16")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    command
        .add_option("--validators-per-node", options.validators_per_node, "validators of each node")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command.add_option("--until-finalized",
                       options.until_finalized,
                       "end once every node reports this slot (or a later one) finalized");
    command.add_option("--run-dir", options.run_dir, "where everything of the run is kept")
        ->capture_default_str();
    command.add_option("--base-port", options.base_port, "node i uses P+3i, P+3i+1, P+3i+2")
        ->check(CLI::Range(1024, 65000))
        ->capture_default_str();
    command
        .add_option(
            "--scheme", options.scheme, "signature scheme: prod, or test: quick keys of 256 slots")
        ->check(CLI::IsMember({"test", "prod"}))
        ->capture_default_str();
}

void add_files_flags(CLI::App& command, NetworkFilesOptions& options) {
    command.add_option("--output-dir", options.directory, "genesis directory to write")->required();
    command.add_option("--num-validators", options.validators, "validators in all")
        ->required()
        ->check(CLI::Range(1, 4096));
    command.add_option("--scheme", options.scheme, "test or prod")
        ->check(CLI::IsMember({"test", "prod"}))
        ->capture_default_str();
    command
        .add_option(
            "--log-num-active-epochs", options.log_active_slots, "keys sign 2^N slots from slot 0")
        ->check(CLI::Range(1, 32));
}

}  // namespace

void refuse_flag(CLI::App& command, const MissingFlag& missing) {
    const auto refuse = [missing](const std::string&) {
        throw CLI::ValidationError(
            missing.flag,
            std::string("lepton does not have ") + missing.what + "; start it without this flag");
    };
    if (missing.takes_value) {
        command.add_option_function<std::string>(missing.flag, refuse)->group("");
    } else {
        command.add_flag_function(missing.flag, [refuse](std::int64_t) { refuse({}); })->group("");
    }
}

int run_program(int argc, char** argv, const Program& program) {
    node::leave_no_core_file();
    CLI::App app{"lepton, a Lean Ethereum consensus client"};
    app.set_version_flag("--version", node::version_text(program.proofs.version_suffix));
    app.require_subcommand(1);
    app.footer(
        "Exit codes, all of them in docs/failure.md: 0 requested stop, 2 wrong flag or file,\n"
        "70 a component failed, 71 a queue overflowed, 72 something stood still,\n"
        "74 disk, port or socket failed, 134 an assertion failed; devnet: 1 it failed.");

    NodeOptions options;
    options.proofs = program.proofs;
    options.takes_keys_alone = program.takes_keys_alone;
    CLI::App* const node_command = app.add_subcommand("node", "run a node");
    add_node_flags(*node_command, options);
    program.add_node_flags(*node_command);
    // The driver looks at the flags of its port only, and takes the others.
    const bool is_test_driver = node::is_test_driver_asked_for();
    if (is_test_driver) {
        for (CLI::Option* option : node_command->get_options()) option->required(false);
    }

    CLI::App* const check_command = app.add_subcommand(
        "check", "say what will hurt a node with the same flags: machine, ports, disk, keys");
    add_node_flags(*check_command, options);
    program.add_node_flags(*check_command);

    DevnetOptions devnet;
    CLI::App* const devnet_command =
        app.add_subcommand("devnet", "run a local network of nodes and show what it does");
    add_devnet_flags(*devnet_command, devnet);

    NetworkFilesOptions keys;
    CLI::App* const keys_command =
        app.add_subcommand("keys", "make XMSS keys and their manifest (hash-sig-keys/)");
    add_files_flags(*keys_command, keys);

    NetworkFilesOptions genesis;
    CLI::App* const genesis_command = app.add_subcommand(
        "genesis", "make a genesis directory for nodes on one machine: keys, config, node lists");
    add_files_flags(*genesis_command, genesis);
    genesis_command->add_option("--nodes", genesis.nodes, "nodes that share the validators")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    genesis_command->add_option(
        "--genesis-time", genesis.genesis_time, "Unix seconds (default: in 30 s)");
    genesis_command
        ->add_option("--base-port", genesis.base_port, "node i uses P+3i, P+3i+1, P+3i+2")
        ->check(CLI::Range(1024, 65000))
        ->capture_default_str();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        std::fprintf(stderr, "lepton: %s\n", error.what());
        return kExitUsage;
    }

    if (node_command->parsed()) {
        return is_test_driver ? node::run_test_driver(options) : node::run_node(options);
    }
    if (check_command->parsed()) return node::run_check(options);
    if (devnet_command->parsed()) {
        devnet.program = "/proc/self/exe";
        return node::run_devnet(devnet);
    }
    if (keys_command->parsed()) return node::run_keys(keys);
    return node::run_genesis(genesis);
}

}  // namespace lepton
