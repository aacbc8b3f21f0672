// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The program that is released: bundle proofs, and nothing of ethlambda's Shadow build.
#include "lepton/program.hpp"

int main(int argc, char** argv) {
    const auto refuse_shadow_flags = [](CLI::App& node) {
        constexpr const char* kWhat = "fake proofs (a program of ./dev build --fake-proofs does)";
        for (const lepton::MissingFlag& missing : {
                 lepton::MissingFlag{"--shadow-xmss-fake", kWhat, false},
                 {"--shadow-xmss-fake-proof-size", kWhat, true},
                 {"--shadow-xmss-aggregate-signatures-rate", kWhat, true},
                 {"--shadow-xmss-verify-aggregated-signatures-rate", kWhat, true},
                 {"--shadow-xmss-merge-rate", kWhat, true},
             }) {
            lepton::refuse_flag(node, missing);
        }
    };
    return lepton::run_program(argc, argv, {.proofs = {}, .add_node_flags = refuse_shadow_flags});
}
