// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/gossipsub_rpc.hpp"

namespace lepton::spec {
namespace {

using libp2p::gossipsub::IHave;
using libp2p::gossipsub::Message;
using libp2p::gossipsub::MessageId;

/// Calls `use` with each object of the array `key`, which may be missing; they have the members
/// `keys` at most.
template <class Use>
void for_each(const json::object& object,
              std::string_view key,
              std::initializer_list<std::string_view> keys,
              Use use) {
    const json::value* const list = find(object, key);
    if (list == nullptr) return;
    for (const json::value& item : as_array(*list)) {
        const json::object& entry = as_object(item);
        allow_only(entry, keys);
        use(entry);
    }
}

void read_ids(const json::object& entry, std::vector<MessageId>& out) {
    for (const json::value& id : as_array(at(entry, "messageIds"))) {
        out.push_back(read_as<MessageId>(id));
    }
}

std::string_view topic_of(const json::object& entry) {
    return as_string(at(entry, "topicId"));
}

}  // namespace

void read_parts(const json::object& object, RpcOfVector& out) {
    for_each(object, "subscriptions", {"subscribe", "topicId"}, [&out](const json::object& entry) {
        out.rpc.subscriptions.push_back({as_bool(at(entry, "subscribe")), topic_of(entry)});
    });
    for_each(object,
             "publish",
             {"fromPeer", "data", "seqno", "topic", "signature", "key"},
             [&out](const json::object& entry) {
                 Message message{.topic = as_string(at(entry, "topic")), .data = {}};
                 if (const json::value* data = find(entry, "data")) {
                     message.data = out.payloads.emplace_back(as_bytes(*data));
                 }
                 for (const std::string_view key : {"fromPeer", "seqno", "signature", "key"}) {
                     message.names_origin = message.names_origin || find(entry, key) != nullptr;
                 }
                 out.rpc.messages.push_back(message);
             });
}

void read_control(const json::object& object, RpcOfVector& out) {
    for_each(object, "ihave", {"topicId", "messageIds"}, [&out](const json::object& entry) {
        IHave& have = out.rpc.ihave.emplace_back();
        have.topic = topic_of(entry);
        read_ids(entry, have.ids);
    });
    for_each(object, "iwant", {"messageIds"}, [&out](const json::object& entry) {
        read_ids(entry, out.rpc.iwant);
    });
    for_each(object, "graft", {"topicId"}, [&out](const json::object& entry) {
        out.rpc.graft.push_back(topic_of(entry));
    });
    for_each(object, "prune", {"topicId", "backoff"}, [&out](const json::object& entry) {
        out.rpc.prune.push_back({topic_of(entry), as_u64(at(entry, "backoff"))});
    });
    for_each(object, "idontwant", {"messageIds"}, [&out](const json::object& entry) {
        read_ids(entry, out.rpc.idontwant);
    });
}

void drop_zero_backoffs(libp2p::gossipsub::Rpc& rpc) {
    for (auto& prune : rpc.prune) {
        if (prune.backoff == 0) prune.backoff.reset();
    }
}

}  // namespace lepton::spec
