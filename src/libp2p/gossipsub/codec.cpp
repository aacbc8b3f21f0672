// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/gossipsub/codec.hpp"

#include "libp2p/protobuf.hpp"
#include "libp2p/varint.hpp"

#include <algorithm>

namespace lepton::libp2p::gossipsub {
namespace {

enum RpcField : std::uint32_t { kSubscriptions = 1, kPublish = 2, kControl = 3 };
enum SubscriptionField : std::uint32_t { kSubscribe = 1, kSubscriptionTopic = 2 };
enum MessageField : std::uint32_t {
    kFrom = 1,
    kData = 2,
    kSequenceNumber = 3,
    kMessageTopic = 4,
    kSignature = 5,
    kKey = 6
};
enum ControlField : std::uint32_t {
    kIHave = 1,
    kIWant = 2,
    kGraft = 3,
    kPrune = 4,
    kIDontWant = 5
};
enum EntryField : std::uint32_t {
    kEntryTopic = 1,
    kIHaveIds = 2,
    /// IWANT and IDONTWANT have no topic.
    kIds = 1,
    kPruneBackoff = 3
};

void append_topic_field(Bytes& out, std::uint32_t number, std::string_view topic) {
    if (!topic.empty()) append_string_field(out, number, topic);
}

Bytes encode_ids(std::uint32_t number, const std::vector<MessageId>& ids) {
    Bytes out;
    out.reserve(ids.size() * bytes_field_size(number, sizeof(MessageId)));
    for (const MessageId& id : ids) append_bytes_field(out, number, id);
    return out;
}

Bytes encode_control(const Rpc& rpc) {
    Bytes out;
    for (const IHave& entry : rpc.ihave) {
        Bytes body;
        append_topic_field(body, kEntryTopic, entry.topic);
        append(body, encode_ids(kIHaveIds, entry.ids));
        append_bytes_field(out, kIHave, body);
    }
    if (!rpc.iwant.empty()) append_bytes_field(out, kIWant, encode_ids(kIds, rpc.iwant));
    for (const std::string_view topic : rpc.graft) {
        Bytes body;
        append_topic_field(body, kEntryTopic, topic);
        append_bytes_field(out, kGraft, body);
    }
    for (const Prune& entry : rpc.prune) {
        Bytes body;
        append_topic_field(body, kEntryTopic, entry.topic);
        if (entry.backoff) append_varint_field(body, kPruneBackoff, *entry.backoff);
        append_bytes_field(out, kPrune, body);
    }
    if (!rpc.idontwant.empty()) {
        append_bytes_field(out, kIDontWant, encode_ids(kIds, rpc.idontwant));
    }
    return out;
}

/// Each function below returns false when its part is malformed.

bool decode_subscription(ByteView bytes, Subscription& out) {
    out.subscribe = false;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->is(kSubscribe, WireType::varint)) out.subscribe = field->value != 0;
        if (field->is(kSubscriptionTopic, WireType::bytes)) out.topic = as_text(field->bytes);
    }
    return !reader.is_malformed();
}

bool decode_message(ByteView bytes, Message& out) {
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->is(kData, WireType::bytes)) out.data = field->bytes;
        if (field->is(kMessageTopic, WireType::bytes)) out.topic = as_text(field->bytes);
        out.names_origin = out.names_origin || field->number == kFrom ||
                           field->number == kSequenceNumber || field->number == kSignature ||
                           field->number == kKey;
    }
    return !reader.is_malformed();
}

void take_id(ByteView bytes, std::vector<MessageId>& out) {
    MessageId id;
    if (bytes.size() != id.size()) return;
    std::ranges::copy(bytes, id.begin());
    out.push_back(id);
}

bool decode_ids(ByteView bytes, std::vector<MessageId>& out) {
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->is(kIds, WireType::bytes)) take_id(field->bytes, out);
    }
    return !reader.is_malformed();
}

bool decode_ihave(ByteView bytes, IHave& out) {
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->is(kEntryTopic, WireType::bytes)) out.topic = as_text(field->bytes);
        if (field->is(kIHaveIds, WireType::bytes)) take_id(field->bytes, out.ids);
    }
    return !reader.is_malformed();
}

bool decode_prune(ByteView bytes, Prune& out) {
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->is(kEntryTopic, WireType::bytes)) out.topic = as_text(field->bytes);
        if (field->is(kPruneBackoff, WireType::varint)) out.backoff = field->value;
    }
    return !reader.is_malformed();
}

/// GRAFT has the form of a PRUNE without a backoff.
bool decode_graft(ByteView bytes, std::string_view& topic) {
    Prune entry;
    const bool is_ok = decode_prune(bytes, entry);
    topic = entry.topic;
    return is_ok;
}

/// Decodes an entry to the end of `list`, unless the list is full.
template <class Entry>
bool decode_entry(ByteView bytes,
                  std::vector<Entry>& list,
                  std::size_t size_max,
                  std::size_t& dropped,
                  bool (*decode)(ByteView, Entry&)) {
    if (list.size() >= size_max) {
        ++dropped;
        return true;
    }
    list.emplace_back();
    return decode(bytes, list.back());
}

bool decode_control(ByteView bytes, Rpc& rpc) {
    std::size_t& dropped = rpc.control_entries_dropped;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->type != WireType::bytes) continue;
        const ByteView body = field->bytes;
        bool is_ok = true;
        switch (field->number) {
            case kIHave:
                is_ok = decode_entry(body, rpc.ihave, kControlEntriesMax, dropped, decode_ihave);
                break;
            case kIWant:
                is_ok = decode_ids(body, rpc.iwant);
                break;
            case kGraft:
                is_ok = decode_entry(body, rpc.graft, kControlEntriesMax, dropped, decode_graft);
                break;
            case kPrune:
                is_ok = decode_entry(body, rpc.prune, kControlEntriesMax, dropped, decode_prune);
                break;
            case kIDontWant:
                is_ok = decode_ids(body, rpc.idontwant);
                break;
            default:
                break;
        }
        if (!is_ok) return false;
    }
    return !reader.is_malformed();
}

}  // namespace

Bytes encode_rpc(const Rpc& rpc) {
    Bytes out;
    std::size_t payload = 0;
    for (const Message& message : rpc.messages) payload += message.data.size() + 128;
    out.reserve(payload);
    for (const Subscription& entry : rpc.subscriptions) {
        Bytes body;
        append_varint_field(body, kSubscribe, entry.subscribe ? 1 : 0);
        append_string_field(body, kSubscriptionTopic, entry.topic);
        append_bytes_field(out, kSubscriptions, body);
    }
    for (const Message& message : rpc.messages) {
        Bytes topic;
        append_topic_field(topic, kMessageTopic, message.topic);
        const std::size_t data_size =
            message.data.empty() ? 0 : bytes_field_size(kData, message.data.size());
        append_varint(out, kPublish << 3 | static_cast<std::uint64_t>(WireType::bytes));
        append_varint(out, data_size + topic.size());
        if (!message.data.empty()) append_bytes_field(out, kData, message.data);
        append(out, topic);
    }
    const Bytes control = encode_control(rpc);
    if (!control.empty()) append_bytes_field(out, kControl, control);
    return out;
}

Bytes encode_frame(const Rpc& rpc) {
    const Bytes body = encode_rpc(rpc);
    Bytes frame;
    frame.reserve(varint_size(body.size()) + body.size());
    append_varint(frame, body.size());
    append(frame, body);
    return frame;
}

Result<Rpc, RpcError> decode_rpc(ByteView bytes) {
    Rpc rpc;
    std::size_t control_size = 0;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->type != WireType::bytes) continue;
        const ByteView body = field->bytes;
        bool is_ok = true;
        switch (field->number) {
            case kSubscriptions:
                is_ok = decode_entry(body,
                                     rpc.subscriptions,
                                     kSubscriptionsMax,
                                     rpc.subscriptions_dropped,
                                     decode_subscription);
                break;
            case kPublish:
                is_ok = decode_entry(
                    body, rpc.messages, kMessagesPerRpcMax, rpc.messages_dropped, decode_message);
                break;
            case kControl:
                // An embedded message may come in several parts that count together.
                control_size += body.size();
                if (control_size > kControlSizeMax) {
                    rpc.control_too_large = true;
                } else {
                    is_ok = decode_control(body, rpc);
                }
                break;
            default:
                break;
        }
        if (!is_ok) return std::unexpected(RpcError::malformed);
    }
    if (reader.is_malformed()) return std::unexpected(RpcError::malformed);
    if (rpc.control_too_large) {
        rpc.ihave.clear();
        rpc.iwant.clear();
        rpc.idontwant.clear();
        rpc.graft.clear();
        rpc.prune.clear();
    }
    return rpc;
}

}  // namespace lepton::libp2p::gossipsub
