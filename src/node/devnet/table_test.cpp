// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/table.hpp"

#include <gtest/gtest.h>

namespace lepton::node {
namespace {

std::vector<TableRow> two_rows() {
    return {{.name = "lepton_0",
             .status = NodeStatus{.slot = 9,
                                  .head_slot = 8,
                                  .head_root = "0x01020304",
                                  .justified_slot = 7,
                                  .finalized_slot = 6,
                                  .peers = 3},
             .problem = ""},
            {.name = "lepton_1", .status = std::nullopt, .problem = "not running"}};
}

TEST(Table, one_line_per_slot_names_every_node) {
    EXPECT_EQ(table_line(9, two_rows()),
              "slot 9: lepton_0 head 8 0x01020304 justified 7 finalized 6 peers 3 | lepton_1 not "
              "running");
}

TEST(Table, text_has_a_row_per_node) {
    EXPECT_EQ(table_text(9, two_rows()),
              "slot 9\n"
              "node           slot   head root       justified finalized peers  last error\n"
              "lepton_0          9      8 0x01020304         7         6     3  -\n"
              "lepton_1          -      - -                  -         -     -  not running");
}

}  // namespace
}  // namespace lepton::node
