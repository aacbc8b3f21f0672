// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/format_networking_codec.hpp"
#include "spec/gossipsub_rpc.hpp"

#include <algorithm>

namespace lepton::spec {
namespace {

using libp2p::gossipsub::Message;
using libp2p::gossipsub::Rpc;

bool is_same(const Message& left, const Message& right) {
    return left.topic == right.topic && std::ranges::equal(left.data, right.data) &&
           left.names_origin == right.names_origin;
}

Verdict expect_same(const Rpc& decoded, const Rpc& expected) {
    const auto differs = [](std::string_view what) -> Verdict {
        return std::unexpected(fmt::format("{}: decoded to something else", what));
    };
    if (decoded.subscriptions != expected.subscriptions) return differs("subscriptions");
    if (!std::ranges::equal(decoded.messages, expected.messages, is_same)) {
        return differs("publish");
    }
    if (decoded.ihave != expected.ihave) return differs("ihave");
    if (decoded.iwant != expected.iwant) return differs("iwant");
    if (decoded.graft != expected.graft) return differs("graft");
    if (decoded.prune != expected.prune) return differs("prune");
    if (decoded.idontwant != expected.idontwant) return differs("idontwant");
    if (decoded.control_too_large || decoded.subscriptions_dropped > 0 ||
        decoded.messages_dropped > 0 || decoded.control_entries_dropped > 0) {
        return differs("limits");
    }
    return {};
}

}  // namespace

Verdict check_gossipsub_rpc(const CodecCase& test) {
    allow_only(test.codec, {"kind", "subscriptions", "publish", "control"});
    allow_only(test.output, {"encoded"});
    RpcOfVector given;
    read_parts(test.codec, given);
    if (const json::value* control = find(test.codec, "control")) {
        const json::object& entries = as_object(*control);
        allow_only(entries, {"ihave", "iwant", "graft", "prune", "idontwant"});
        read_control(entries, given);
    }
    drop_zero_backoffs(given.rpc);

    const Bytes encoded = as_bytes(at(test.output, "encoded"));
    const auto decoded = libp2p::gossipsub::decode_rpc(encoded);
    if (!decoded) return std::unexpected("encoded does not decode");
    if (auto same = expect_same(*decoded, given.rpc); !same) return same;
    if (std::ranges::any_of(given.rpc.messages, &Message::names_origin)) {
        test.note = "encoded: only decoded, lepton sends no message that names its origin";
        return {};
    }
    for (const Rpc& rpc : {given.rpc, *decoded}) {
        if (auto equal = expect_equal(
                "encoded", to_hex(libp2p::gossipsub::encode_rpc(rpc)), to_hex(encoded));
            !equal) {
            return equal;
        }
    }
    return {};
}

}  // namespace lepton::spec
