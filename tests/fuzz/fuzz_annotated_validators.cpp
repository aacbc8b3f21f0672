// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/image.hpp"
#include "node/genesis_files.hpp"

namespace lepton::fuzz {
namespace {

using namespace node;

PublicKey key_of(std::uint8_t number) {
    return PublicKey(Bytes(52, number));
}

/// Input: annotated_validators.yaml
void run(ByteView input) {
    static const MemoryFile file;
    static const Validators registry{{key_of(1), key_of(2), ValidatorIndex{0}},
                                     {key_of(3), key_of(4), ValidatorIndex{1}}};
    const auto files = read_annotated_validators(file.with(input), "a", "keys", registry);
    if (!files) {
        expect_one_line(files.error());
        return;
    }
    if (!*files) return;
    std::optional<ValidatorIndex> last;
    for (const validator::KeyFiles& entry : **files) {
        LEPTON_ASSERT(entry.index < ValidatorIndex{registry.size()} &&
                      (!last || *last < entry.index));
        LEPTON_ASSERT(entry.attestation_secret_key.find("attester") != std::string::npos);
        LEPTON_ASSERT(entry.proposal_secret_key.find("proposer") != std::string::npos);
        last = entry.index;
    }
}

std::vector<Bytes> seeds() {
    const auto key = crypto::secp256k1::SecretKey::parse(Bytes(32, 5)).value();
    const NodeEntry node{"a", key, "127.0.0.1", 1, 2, 3, false, "", {ValidatorIndex{0}}};
    const std::string good =
        annotated_validators_yaml({node}, {{key_of(1), key_of(2)}, {key_of(3), key_of(4)}});
    return {bytes_of(good),
            bytes_of(good.substr(0, good.size() / 2)),
            bytes_of("a: []"),
            bytes_of("a:"),
            bytes_of("a: [{index: 9}]"),
            bytes_of("a: {b: c}")};
}

const Registration kTarget({"annotated_validators", 640, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
