// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/bootnodes.hpp"

#include "base/log.hpp"
#include "p2p/enr.hpp"

#include <algorithm>

namespace lepton::p2p {
namespace {

// Marks that YAML puts around and between the entries of a list; none occurs inside an entry.
constexpr std::string_view kMarks = " \t\r\"'[],";

Result<libp2p::Multiaddr, std::string> parse_entry(std::string_view entry) {
    if (entry.starts_with("enr:")) {
        const auto enr = Enr::from_text(entry);
        if (!enr) return std::unexpected(std::string{to_string(enr.error())});
        if (const auto checked = enr->verify(); !checked) {
            return std::unexpected(std::string{to_string(checked.error())});
        }
        auto address = enr->address();
        if (!address) return std::unexpected(std::string{to_string(address.error())});
        return *std::move(address);
    }
    auto address = libp2p::Multiaddr::from_string(entry);
    if (address && !address->peer_id) return std::unexpected(std::string{"no /p2p/ peer id"});
    return address;
}

// Takes the next entry off the front of `line`; empty when there is none.
std::string_view take_entry(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(kMarks), line.size());
    line.remove_prefix(begin);
    const std::size_t size = std::min(line.find_first_of(kMarks), line.size());
    const std::string_view entry = line.substr(0, size);
    line.remove_prefix(size);
    return entry.starts_with('#') ? std::string_view{} : entry;
}

class Parser {
  public:
    explicit Parser(const libp2p::PeerId& self) : self_(self) {}

    void add_line(std::string_view line) {
        ++line_number_;
        if (line.starts_with("---")) return;
        while (true) {
            const std::string_view entry = take_entry(line);
            if (entry.empty()) return;
            if (entry != "-") add_entry(entry);
        }
    }

    Bootnodes take() { return std::move(nodes_); }

  private:
    void add_entry(std::string_view entry) {
        auto address = parse_entry(entry);
        if (!address) {
            warn(fmt::format("{}: {}", log::quoted(entry, 60), address.error()));
        } else if (*address->peer_id == self_) {
            return;
        } else if (is_listed(*address)) {
            warn(fmt::format("{}: peer listed before", address->peer_id->to_base58()));
        } else if (nodes_.addresses.size() == kBootnodesMax) {
            warn(fmt::format("more than {} nodes", kBootnodesMax));
        } else {
            nodes_.addresses.push_back(*std::move(address));
        }
    }

    bool is_listed(const libp2p::Multiaddr& address) const {
        return std::ranges::find(nodes_.addresses, address.peer_id, &libp2p::Multiaddr::peer_id) !=
               nodes_.addresses.end();
    }

    void warn(const std::string& what) {
        nodes_.warnings.push_back(fmt::format("line {}: {}", line_number_, what));
    }

    const libp2p::PeerId& self_;
    std::size_t line_number_ = 0;
    Bootnodes nodes_;
};

}  // namespace

Bootnodes parse_bootnodes(std::string_view text, const libp2p::PeerId& self) {
    Parser parser(self);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        parser.add_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parser.take();
}

}  // namespace lepton::p2p
