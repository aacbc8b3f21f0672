// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The program for test networks without provers: every proof is a fake, whatever flags are given.
// ethlambda's flags for its own fakes are taken, so that its command line starts this program too.
#include "fake_proofs/fake_backend.hpp"
#include "lepton/program.hpp"
#include "types/constants.hpp"

#include <thread>

namespace {

using lepton::fake_proofs::FakeBackend;
using lepton::fake_proofs::FakeOptions;

void add_flags(CLI::App& node, FakeOptions& options) {
    node.add_flag("--shadow-xmss-fake")
        ->description("taken, changes nothing: all proofs of this program are fake");
    node.add_option("--shadow-xmss-fake-proof-size", options.proof_size, "bytes of a fake proof")
        ->check(CLI::Range(std::size_t{1}, lepton::kProofSizeMax))
        ->capture_default_str();
    node.add_option("--shadow-xmss-aggregate-signatures-rate",
                    options.rates.aggregated_signatures,
                    "signatures aggregated per second: n take n/rate seconds (default: no time)");
    node.add_option("--shadow-xmss-verify-aggregated-signatures-rate",
                    options.rates.verified_signatures,
                    "signatures of an aggregate verified per second (default: no time)");
    node.add_option("--shadow-xmss-merge-rate",
                    options.rates.merged_components,
                    "components merged into a block's proof per second (default: no time)");
}

}  // namespace

int main(int argc, char** argv) {
    FakeOptions options;
    lepton::Program program{
        .proofs = {.version_suffix = "+fake-proofs",
                   .warning = "fake_proofs: any proof of an aggregate or a block passes; for test "
                              "networks only",
                   .make_backend =
                       [&options](const lepton::crypto::SignatureScheme& scheme,
                                  const lepton::aggregation::Limits& limits,
                                  lepton::aggregation::Executor executor,
                                  const lepton::Clock& clock) {
                           return std::make_unique<FakeBackend>(
                               options,
                               scheme.id(),
                               limits,
                               std::move(executor),
                               clock,
                               [](lepton::Duration time) { std::this_thread::sleep_for(time); });
                       }},
        .add_node_flags = [&options](CLI::App& node) { add_flags(node, options); }};
    return lepton::run_program(argc, argv, program);
}
