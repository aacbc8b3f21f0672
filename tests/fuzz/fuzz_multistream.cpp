// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "libp2p/multistream.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace lepton::fuzz {
namespace {

using namespace libp2p;

const std::vector<std::string> kProtocols{"/meshsub/1.1.0", "/ipfs/id/1.0.0", "/a"};

/// Everything a machine says to `pieces`, and what it leaves unread.
template <class Machine>
auto talk(Machine machine, const std::vector<ByteView>& pieces) {
    Bytes reply;
    Bytes rest;
    std::optional<std::string> protocol;
    std::optional<MultistreamError> error;
    for (ByteView piece : pieces) {
        if (!protocol && !error) {
            MultistreamProgress progress = machine.on_data(piece);
            append(reply, progress.reply);
            protocol = std::move(progress.protocol);
            error = progress.error;
        }
        // Behind an error the bytes mean nothing.
        if (!error) append(rest, piece);
    }
    return std::tuple(reply, rest, protocol, error);
}

void check(ByteView input, const auto& outcome) {
    const auto& [reply, rest, protocol, error] = outcome;
    LEPTON_ASSERT(reply.size() <= (kMultistreamProposalsMax + 1) * 24);
    if (protocol) {
        LEPTON_ASSERT(std::ranges::find(kProtocols, *protocol) != kProtocols.end());
        LEPTON_ASSERT(to_bytes(input.last(rest.size())) == rest);
    } else {
        LEPTON_ASSERT(rest.empty());
    }
}

void run(ByteView input) {
    const auto is_supported = [](std::string_view name) {
        return std::ranges::find(kProtocols, name) != kProtocols.end();
    };
    check(input, same_in_pieces(input, [](const auto& pieces) {
              return talk(MultistreamDialer(kProtocols), pieces);
          }));
    check(input, same_in_pieces(input, [&](const auto& pieces) {
              return talk(MultistreamListener(is_supported), pieces);
          }));

    MultistreamListener listener(is_supported);
    ByteView left = input;
    const Allocated allocated;
    (void)listener.on_data(left);
    // Lines are held one at a time; each line, and each "na" for it, is allocated anew.
    LEPTON_ASSERT(allocated.bytes() <= 16 * input.size() + 4096);
}

std::vector<Bytes> seeds() {
    const auto lines = [](std::initializer_list<std::string_view> all) {
        Bytes out;
        for (const std::string_view line : all) MultistreamLines::append_line(out, line);
        return out;
    };
    constexpr std::string_view kHeader = "/multistream/1.0.0";
    return {MultistreamDialer(kProtocols).first_flight(),
            joined({lines({kHeader, "/ipfs/id/1.0.0"}), bytes_of("unread")}),
            lines({kHeader, "na", "na", "na"}),
            lines({kHeader, "/x", "/y", "/a"}),
            lines({"/multistream/2.0.0"}),
            {0},
            {0x81, 8}};
}

const Registration kTarget({"multistream", 512, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
