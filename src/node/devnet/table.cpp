// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace lepton::node {
namespace {

constexpr std::size_t kProblemWidth = 48;

}  // namespace

std::string table_text(std::uint64_t slot, const std::vector<TableRow>& rows) {
    std::string text = fmt::format("slot {}\n{:<12} {:>6} {:>6} {:<10} {:>9} {:>9} {:>5}  {}",
                                   slot,
                                   "node",
                                   "slot",
                                   "head",
                                   "root",
                                   "justified",
                                   "finalized",
                                   "peers",
                                   "last error");
    for (const TableRow& row : rows) {
        const std::string problem = row.problem.substr(0, kProblemWidth);
        if (row.status) {
            const NodeStatus& status = *row.status;
            text += fmt::format("\n{:<12} {:>6} {:>6} {:<10} {:>9} {:>9} {:>5}  {}",
                                row.name,
                                status.slot,
                                status.head_slot,
                                status.head_root,
                                status.justified_slot,
                                status.finalized_slot,
                                status.peers,
                                problem.empty() ? "-" : problem);
        } else {
            text += fmt::format("\n{:<12} {:>6} {:>6} {:<10} {:>9} {:>9} {:>5}  {}",
                                row.name,
                                "-",
                                "-",
                                "-",
                                "-",
                                "-",
                                "-",
                                problem.empty() ? "no answer" : problem);
        }
    }
    return text;
}

std::string table_line(std::uint64_t slot, const std::vector<TableRow>& rows) {
    std::string line = fmt::format("slot {}:", slot);
    for (const TableRow& row : rows) {
        if (&row != &rows.front()) line += " |";
        if (!row.status) {
            line +=
                fmt::format(" {} {}", row.name, row.problem.empty() ? "no answer" : row.problem);
            continue;
        }
        const NodeStatus& status = *row.status;
        line += fmt::format(" {} head {} {} justified {} finalized {} peers {}",
                            row.name,
                            status.head_slot,
                            status.head_root,
                            status.justified_slot,
                            status.finalized_slot,
                            status.peers);
    }
    return line;
}

void Table::show(std::uint64_t slot, const std::vector<TableRow>& rows) {
    if (!is_terminal_) {
        if (last_slot_ == slot) return;
        last_slot_ = slot;
        std::printf("%s\n", table_line(slot, rows).c_str());
        std::fflush(stdout);
        return;
    }
    const std::string text = table_text(slot, rows);
    if (lines_drawn_ > 0) std::printf("\x1b[%zuA", lines_drawn_);
    std::string screen;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        screen += text.substr(at, end - at) + "\x1b[K\n";
        at = end + 1;
    }
    std::printf("%s", screen.c_str());
    std::fflush(stdout);
    lines_drawn_ = static_cast<std::size_t>(std::ranges::count(screen, '\n'));
}

}  // namespace lepton::node
