// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/image.hpp"
#include "node/genesis_files.hpp"

namespace lepton::fuzz {
namespace {

using namespace node;

/// Input: validator-config.yaml
void run(ByteView input) {
    static const MemoryFile file;
    const auto config = read_validator_config(file.with(input));
    if (!config) {
        expect_one_line(config.error());
        return;
    }
    LEPTON_ASSERT(config->attestation_committee_count.value_or(1) >= 1);
    for (const auto& [key, name] : config->names) {
        LEPTON_ASSERT(crypto::secp256k1::PublicKey::parse(key).has_value());
    }
}

std::vector<Bytes> seeds() {
    const auto key = crypto::secp256k1::SecretKey::parse(Bytes(32, 5)).value();
    const NodeEntry node{"a", key, "127.0.0.1", 1, 2, 3, true, "", {ValidatorIndex{0}}};
    return {bytes_of(validator_config_yaml({node}, 4, 8)),
            bytes_of("config: {attestation_committee_count: 0}"),
            bytes_of("validators: [{name: a, privkey: 00}]"),
            bytes_of("validators: [{name: a}, b]")};
}

const Registration kTarget({"validator_config", 640, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
