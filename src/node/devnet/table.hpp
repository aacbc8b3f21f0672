// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the devnet runner shows: a table drawn over itself on a terminal, one line per slot
// elsewhere. One thread.
#pragma once

#include "node/devnet/node_status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lepton::node {

struct TableRow {
    std::string name;
    /// Absent while the node does not answer.
    std::optional<NodeStatus> status;
    std::string problem;
};

/// Returns the table, one line per node and two lines of heading, without a final line break.
std::string table_text(std::uint64_t slot, const std::vector<TableRow>& rows);

/// Returns everything in one line: "slot 9: lepton_0 head 8 0x01020304 justified 7 finalized 6
/// peers 3 | …".
std::string table_line(std::uint64_t slot, const std::vector<TableRow>& rows);

class Table {
  public:
    explicit Table(bool is_terminal) : is_terminal_(is_terminal) {}

    /// Shows `rows` on stdout; without a terminal only when `slot` is a new one.
    void show(std::uint64_t slot, const std::vector<TableRow>& rows);

  private:
    bool is_terminal_;
    std::size_t lines_drawn_ = 0;
    std::optional<std::uint64_t> last_slot_;
};

}  // namespace lepton::node
