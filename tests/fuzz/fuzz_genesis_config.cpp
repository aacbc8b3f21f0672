// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/image.hpp"
#include "node/genesis_files.hpp"

#include <set>

namespace lepton::fuzz {
namespace {

using namespace node;

PublicKey key_of(std::uint8_t number) {
    Bytes key;
    for (int i = 0; i < 13; ++i) append(key, Bytes{number, 0, 0, 0});
    return PublicKey(key);
}

/// Input: config.yaml
void run(ByteView input) {
    static const MemoryFile file;
    static const NetworkProfile profile = network_profile("leanspec-test").value();
    const auto& scheme = crypto::signature_scheme(crypto::SchemeId::leansig_test);
    const auto genesis = read_genesis_file(file.with(input), profile, scheme);
    if (!genesis) {
        expect_one_line(genesis.error());
        return;
    }
    LEPTON_ASSERT(!genesis->validators.empty());
    LEPTON_ASSERT(genesis->validators.size() <= kValidatorRegistryLimit);
    std::set<PublicKey> keys;
    for (std::size_t i = 0; i < genesis->validators.size(); ++i) {
        const Validator& validator = genesis->validators[i];
        LEPTON_ASSERT(validator.index == ValidatorIndex{i});
        for (const PublicKey& key :
             {validator.attestation_public_key, validator.proposal_public_key}) {
            LEPTON_ASSERT(scheme.check_public_key(key.bytes()) && keys.insert(key).second);
        }
    }
}

std::vector<Bytes> seeds() {
    const std::string good =
        config_yaml(1000, 2, 8, {{key_of(1), key_of(2)}, {key_of(3), key_of(4)}});
    return {bytes_of(good),
            bytes_of(good.substr(0, good.size() - 9)),
            bytes_of("GENESIS_TIME: 1\nGENESIS_VALIDATORS: []\n"),
            bytes_of("{GENESIS_TIME: -1}"),
            bytes_of("a: &x [*x, \"\\u0000\", !!int 3]\n"),
            bytes_of("[[[[[[[[["),
            bytes_of("- - - ? : |\n  x")};
}

const Registration kTarget({"genesis_config", 768, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
