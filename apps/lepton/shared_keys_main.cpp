// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A program for tests, never a release: it starts with keys that another process signs with, when
// it has them from another file.
#include "lepton/program.hpp"

int main(int argc, char** argv) {
    return lepton::run_program(
        argc, argv, {.proofs = {}, .add_node_flags = [](CLI::App&) {}, .takes_keys_alone = false});
}
