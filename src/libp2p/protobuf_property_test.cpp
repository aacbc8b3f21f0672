// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton's reader and writer of protobuf messages against the protobuf library, which reads the
// messages as test_messages.proto describes them. Random messages go both ways: as lepton writes
// them, and as a peer may: fields in any order, unknown ones among them, single ones repeated,
// fields of an unexpected type, numbers longer than needed, and damaged bytes.
//
// Both accept the same messages but for a few oddities that no writer makes and that is_odd tells:
// groups, which lepton refuses, and numbers that overflow or are longer than protobuf reads.
#include "base/assert.hpp"
#include "base/random.hpp"
#include "base/test_seeds.hpp"
#include "libp2p/gossipsub/codec.hpp"
#include "libp2p/identify.hpp"
#include "libp2p/protobuf.hpp"
#include "libp2p/public_key.hpp"
#include "libp2p/varint.hpp"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace lepton::libp2p {
namespace {

using test::for_each_seed;

namespace pb = google::protobuf;

/// The message types of test_messages.proto.
class Schema : pb::compiler::MultiFileErrorCollector {
  public:
    Schema() {
        tree_.MapPath("", LEPTON_SOURCE_DIR "/src/libp2p");
        file_ = importer_.Import("test_messages.proto");
        LEPTON_ASSERT(file_ != nullptr);
    }
    const pb::Descriptor& type(const std::string& name) const {
        return *file_->FindMessageTypeByName(name);
    }
    std::unique_ptr<pb::Message> make(const std::string& name) {
        return std::unique_ptr<pb::Message>(factory_.GetPrototype(&type(name))->New());
    }

  private:
    void AddError(const std::string&, int line, int, const std::string& what) override {
        ADD_FAILURE() << "test_messages.proto:" << line + 1 << ": " << what;
    }

    pb::compiler::DiskSourceTree tree_;
    pb::compiler::Importer importer_{&tree_, this};
    pb::DynamicMessageFactory factory_;
    const pb::FileDescriptor* file_ = nullptr;
};

Schema& schema() {
    static Schema instance;
    return instance;
}

/// What protobuf reads; nothing when it refuses the bytes.
std::unique_ptr<pb::Message> parse(const std::string& type, ByteView bytes) {
    auto message = schema().make(type);
    const pb::LogSilencer no_complaints;
    if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return nullptr;
    return message;
}

/// A message by the names of its fields.
class View {
  public:
    explicit View(const pb::Message& message) : message_(&message) {}

    bool has(const char* name) const { return reflection().HasField(*message_, field(name)); }
    std::string text(const char* name) const {
        return reflection().GetString(*message_, field(name));
    }
    std::uint64_t number(const char* name) const {
        return reflection().GetUInt64(*message_, field(name));
    }
    bool flag(const char* name) const { return reflection().GetBool(*message_, field(name)); }
    View one(const char* name) const {
        return View(reflection().GetMessage(*message_, field(name)));
    }
    std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> all;
        for (int i = 0; i < reflection().FieldSize(*message_, field(name)); ++i) {
            all.push_back(reflection().GetRepeatedString(*message_, field(name), i));
        }
        return all;
    }
    std::vector<View> all(const char* name) const {
        std::vector<View> views;
        for (int i = 0; i < reflection().FieldSize(*message_, field(name)); ++i) {
            views.emplace_back(reflection().GetRepeatedMessage(*message_, field(name), i));
        }
        return views;
    }
    /// Fields that the type does not have, or not with this wire type.
    const pb::UnknownFieldSet& unknown() const { return reflection().GetUnknownFields(*message_); }
    bool has_unknown(int number) const {
        for (int i = 0; i < unknown().field_count(); ++i) {
            if (unknown().field(i).number() == number) return true;
        }
        return false;
    }

  private:
    const pb::Reflection& reflection() const { return *message_->GetReflection(); }
    const pb::FieldDescriptor* field(const char* name) const {
        return message_->GetDescriptor()->FindFieldByName(name);
    }

    const pb::Message* message_;
};

// ---- messages as a peer may write them

/// Draws the bytes of messages of a type, field by field.
class WireDraw {
  public:
    explicit WireDraw(std::uint64_t seed) : random_(seed) {}

    Random& random() { return random_; }
    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

    Bytes message(const pb::Descriptor& type) {
        std::vector<Bytes> parts;
        for (int i = 0; i < type.field_count(); ++i) {
            const pb::FieldDescriptor& field = *type.field(i);
            // A single field now and then comes twice.
            std::uint64_t count = below(4) == 0 ? 0 : 1 + (below(6) == 0 ? 1 : 0);
            if (field.is_repeated()) count = below(4);
            for (; count > 0; --count) parts.push_back(known(field));
            if (below(12) == 0) {
                const auto number = static_cast<std::uint32_t>(field.number());
                parts.push_back(unexpected(number, field.message_type() == nullptr));
            }
        }
        while (below(3) == 0) parts.push_back(unexpected(unknown_number(type), true));
        random_.shuffle(parts);
        Bytes out;
        for (const Bytes& part : parts) append(out, part);
        return out;
    }

    Bytes damaged(Bytes bytes) {
        for (std::uint64_t i = below(3) + 1; i > 0 && !bytes.empty(); --i) {
            const auto at = static_cast<std::size_t>(below(bytes.size()));
            const auto byte = static_cast<std::uint8_t>(below(256));
            switch (below(4)) {
                case 0:
                    bytes.resize(at);
                    break;
                case 1:
                    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), byte);
                    break;
                case 2:
                    bytes[at] = byte;
                    break;
                default:
                    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << below(8));
                    break;
            }
        }
        return bytes;
    }

    std::string text(std::uint64_t bound) {
        std::string out(static_cast<std::size_t>(below(bound)), '\0');
        for (char& character : out) character = static_cast<char>(below(256));
        return out;
    }
    /// Sixteen possible endpoints.
    Multiaddr address() {
        return {{127, 0, 0, static_cast<std::uint8_t>(below(4))},
                static_cast<std::uint16_t>(9000 + below(4)),
                {}};
    }

  private:
    /// A varint, sometimes longer than needed, of at most `size_max` bytes.
    void append_number(Bytes& out, std::uint64_t value, std::size_t size_max) {
        const std::size_t size = varint_size(value);
        std::size_t more = below(4) == 0 ? static_cast<std::size_t>(below(size_max - size + 1)) : 0;
        append_varint(out, value);
        if (more == 0) return;
        out.back() |= 0x80;
        while (--more > 0) out.push_back(0x80);
        out.push_back(0);
    }
    void append_key(Bytes& out, std::uint32_t number, WireType type) {
        append_number(out, std::uint64_t{number} << 3 | static_cast<std::uint64_t>(type), 5);
    }
    Bytes bytes_field(std::uint32_t number, ByteView content) {
        Bytes out;
        append_key(out, number, WireType::bytes);
        append_number(out, content.size(), 5);
        append(out, content);
        return out;
    }
    Bytes content(const pb::FieldDescriptor& field) {
        if (field.message_type() != nullptr) return message(*field.message_type());
        if (field.name() == "ids" && below(4) != 0) {
            Bytes id(20);
            random_.fill(id);
            return id;
        }
        const bool is_address =
            field.name() == "observed_address" || field.name() == "listen_addresses";
        if (is_address && (!field.is_repeated() || below(4) != 0)) return address().to_bytes();
        return to_bytes(as_bytes(text(below(20) == 0 ? 400 : 30)));
    }
    Bytes known(const pb::FieldDescriptor& field) {
        const auto number = static_cast<std::uint32_t>(field.number());
        const bool is_number = field.type() == pb::FieldDescriptor::TYPE_UINT64 ||
                               field.type() == pb::FieldDescriptor::TYPE_BOOL;
        return is_number ? number_field(number) : bytes_field(number, content(field));
    }
    Bytes number_field(std::uint32_t number) {
        Bytes out;
        append_key(out, number, WireType::varint);
        append_number(out, random_.next_u64() >> below(64), 10);
        return out;
    }
    /// A field of any wire type, or of any but bytes.
    Bytes unexpected(std::uint32_t number, bool may_be_bytes) {
        Bytes out;
        switch (below(may_be_bytes ? 4 : 3)) {
            case 0:
                return number_field(number);
            case 1:
                append_key(out, number, WireType::fixed32);
                out.resize(out.size() + 4, 7);
                return out;
            case 2:
                append_key(out, number, WireType::fixed64);
                out.resize(out.size() + 8, 8);
                return out;
            default:
                // Numbers one after the other, as packed fields have them.
                for (std::uint64_t i = below(6); i > 0; --i) append_varint(out, below(100'000));
                return bytes_field(number, out);
        }
    }
    std::uint32_t unknown_number(const pb::Descriptor& type) {
        while (true) {
            // Of 29 bits, as small as often as large.
            const auto number = static_cast<std::uint32_t>(below(1U << 29) >> below(29));
            if (number != 0 && type.FindFieldByNumber(static_cast<int>(number)) == nullptr) {
                return number;
            }
        }
    }

    SeededRandom random_;
};

/// Whether a message of `type` holds a group, a key or a length of more than five bytes or beyond
/// what protobuf reads, or a number of more than 64 bits, before anything else is wrong with it.
bool is_odd(ByteView bytes, const pb::Descriptor* type) {
    bool too_long = false;
    const auto take_number = [&](std::size_t size_max, std::uint64_t value_max) {
        std::uint64_t value = 0;
        std::size_t size = 0;
        bool is_more = true;
        while (is_more && size < bytes.size() && size < 11) {
            const std::uint8_t byte = bytes[size];
            if (size == 9 && byte > 1) too_long = true;
            if (size < 10) value |= std::uint64_t{byte & 0x7fU} << (7 * size);
            is_more = (byte & 0x80) != 0;
            ++size;
        }
        too_long = too_long || size > size_max || value > value_max;
        bytes = bytes.subspan(size);
        return value;
    };
    while (!bytes.empty()) {
        const std::uint64_t key = take_number(5, UINT32_MAX);
        const std::uint64_t wire_type = key & 7;
        if (too_long || wire_type == 3 || wire_type == 4) return true;
        std::uint64_t size = wire_type == 1 ? 8 : wire_type == 5 ? 4 : 0;
        if (wire_type == 0) take_number(10, UINT64_MAX);
        if (wire_type == 2) size = take_number(5, INT32_MAX - 16);
        if (too_long) return true;
        if (wire_type > 5 || size > bytes.size()) return false;
        const ByteView content = bytes.first(static_cast<std::size_t>(size));
        bytes = bytes.subspan(content.size());
        const pb::FieldDescriptor* field =
            wire_type == 2 ? type->FindFieldByNumber(static_cast<int>(key >> 3)) : nullptr;
        if (field != nullptr && field->message_type() != nullptr &&
            is_odd(content, field->message_type())) {
            return true;
        }
    }
    return false;
}

/// Bytes of a message of `type`, as a peer may write them or damaged, and what protobuf reads.
struct Sample {
    Bytes bytes;
    std::unique_ptr<pb::Message> message;
    bool odd = false;
};

/// Calls `check(sample)` with many; the first of each round is always well-formed.
template <class Check>
void for_each_sample(const std::string& type, int rounds, const Check& check) {
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for_each_seed<WireDraw>(rounds, [&](WireDraw& draw) {
        const Bytes well_formed = draw.message(schema().type(type));
        for (int i = 0; i < 10; ++i) {
            const Bytes bytes = i == 0 ? well_formed : draw.damaged(well_formed);
            const bool odd = is_odd(bytes, &schema().type(type));
            const Sample sample{bytes, parse(type, bytes), odd};
            if (i == 0) {
                ASSERT_FALSE(odd);
                ASSERT_TRUE(sample.message);
            }
            ++(sample.message ? accepted : refused);
            check(sample);
            ASSERT_FALSE(testing::Test::HasFailure()) << to_hex(bytes);
        }
    });
    EXPECT_GT(accepted, 1000U);
    EXPECT_GT(refused, 1000U);
}

// ---- fields

TEST(ProtobufProperty, fields_are_those_that_protobuf_reads) {
    const auto check = [](const Sample& sample) {
        // Nothing is nested here: what looks like a message is a field of bytes.
        ProtobufReader reader(sample.bytes);
        std::vector<ProtobufField> fields;
        while (const auto field = reader.next()) fields.push_back(*field);
        if (sample.odd) return;
        ASSERT_EQ(!reader.is_malformed(), sample.message != nullptr);
        if (!sample.message) return;
        const pb::UnknownFieldSet& expected = View(*sample.message).unknown();
        ASSERT_EQ(fields.size(), static_cast<std::size_t>(expected.field_count()));
        for (int i = 0; i < expected.field_count(); ++i) {
            const ProtobufField& field = fields[static_cast<std::size_t>(i)];
            const pb::UnknownField& same = expected.field(i);
            ASSERT_EQ(field.number, static_cast<std::uint32_t>(same.number()));
            switch (same.type()) {
                case pb::UnknownField::TYPE_VARINT:
                    ASSERT_TRUE(field.type == WireType::varint && field.value == same.varint());
                    break;
                case pb::UnknownField::TYPE_FIXED32:
                    ASSERT_TRUE(field.type == WireType::fixed32 && field.value == same.fixed32());
                    break;
                case pb::UnknownField::TYPE_FIXED64:
                    ASSERT_TRUE(field.type == WireType::fixed64 && field.value == same.fixed64());
                    break;
                default:
                    ASSERT_TRUE(field.type == WireType::bytes);
                    ASSERT_EQ(as_text(field.bytes), same.length_delimited());
                    break;
            }
        }
    };
    // Written as one type, read as another that knows none of the fields.
    for_each_seed<WireDraw>(300, [&](WireDraw& draw) {
        const Bytes well_formed = draw.message(schema().type("Rpc"));
        for (int i = 0; i < 5; ++i) {
            const Bytes bytes = i == 0 ? well_formed : draw.damaged(well_formed);
            const bool odd = is_odd(bytes, &schema().type("Anything"));
            check(Sample{bytes, parse("Anything", bytes), odd});
            ASSERT_FALSE(testing::Test::HasFailure()) << to_hex(bytes);
        }
    });
}

// ---- gossipsub

/// What an RPC says, whoever read it.
struct PlainRpc {
    struct Message {
        std::string topic;
        std::string data;
        bool names_origin = false;
        bool operator==(const Message&) const = default;
    };
    std::vector<std::pair<bool, std::string>> subscriptions;
    std::vector<Message> messages;
    std::vector<std::pair<std::string, std::vector<std::string>>> ihave;
    std::vector<std::string> iwant;
    std::vector<std::string> idontwant;
    std::vector<std::string> graft;
    std::vector<std::pair<std::string, std::optional<std::uint64_t>>> prune;

    bool operator==(const PlainRpc&) const = default;
};

PlainRpc plain(const gossipsub::Rpc& rpc) {
    const auto texts = [](const std::vector<gossipsub::MessageId>& ids) {
        std::vector<std::string> all;
        for (const auto& id : ids) all.emplace_back(as_text(id));
        return all;
    };
    PlainRpc out;
    for (const auto& entry : rpc.subscriptions) {
        out.subscriptions.emplace_back(entry.subscribe, entry.topic);
    }
    for (const auto& message : rpc.messages) {
        out.messages.push_back(
            {std::string(message.topic), std::string(as_text(message.data)), message.names_origin});
    }
    for (const auto& entry : rpc.ihave) out.ihave.emplace_back(entry.topic, texts(entry.ids));
    out.iwant = texts(rpc.iwant);
    out.idontwant = texts(rpc.idontwant);
    for (const auto topic : rpc.graft) out.graft.emplace_back(topic);
    for (const auto& entry : rpc.prune) out.prune.emplace_back(entry.topic, entry.backoff);
    return out;
}

/// Ids that are not of 20 bytes name nothing in lepton's network.
void append_ids(std::vector<std::string>& out, const View& entry) {
    for (std::string& id : entry.texts("ids")) {
        if (id.size() == 20) out.push_back(std::move(id));
    }
}

PlainRpc plain(const View& rpc) {
    PlainRpc out;
    for (const View& entry : rpc.all("subscriptions")) {
        out.subscriptions.emplace_back(entry.flag("subscribe"), entry.text("topic"));
    }
    for (const View& message : rpc.all("messages")) {
        const bool has_origin = message.has("from") || message.has("sequence_number") ||
                                message.has("signature") || message.has("key") ||
                                message.has_unknown(1) || message.has_unknown(3) ||
                                message.has_unknown(5) || message.has_unknown(6);
        out.messages.push_back({message.text("topic"), message.text("data"), has_origin});
    }
    const View control = rpc.one("control");
    for (const View& entry : control.all("ihave")) {
        out.ihave.emplace_back(entry.text("topic"), std::vector<std::string>{});
        append_ids(out.ihave.back().second, entry);
    }
    for (const View& entry : control.all("iwant")) append_ids(out.iwant, entry);
    for (const View& entry : control.all("idontwant")) append_ids(out.idontwant, entry);
    for (const View& entry : control.all("graft")) out.graft.push_back(entry.text("topic"));
    for (const View& entry : control.all("prune")) {
        out.prune.emplace_back(entry.text("topic"), std::nullopt);
        if (entry.has("backoff")) out.prune.back().second = entry.number("backoff");
    }
    return out;
}

TEST(ProtobufProperty, an_rpc_of_a_peer_says_what_protobuf_reads) {
    for_each_sample("Rpc", 150, [](const Sample& sample) {
        const auto decoded = gossipsub::decode_rpc(sample.bytes);
        if (sample.odd) return;
        ASSERT_EQ(decoded.has_value(), sample.message != nullptr);
        if (decoded) {
            ASSERT_TRUE(plain(*decoded) == plain(View(*sample.message)));
        }
    });
}

TEST(ProtobufProperty, an_rpc_of_lepton_is_read_by_protobuf) {
    for_each_seed<WireDraw>(200, [](WireDraw& draw) {
        std::deque<std::string> kept;
        const auto text = [&](std::uint64_t bound) -> std::string_view {
            return kept.emplace_back(draw.text(bound));
        };
        const auto repeat = [&](const auto& body) {
            for (std::uint64_t i = draw.below(4); i > 0; --i) body();
        };
        const auto ids = [&] {
            std::vector<gossipsub::MessageId> all(static_cast<std::size_t>(draw.below(5)));
            for (auto& id : all) draw.random().fill(id);
            return all;
        };
        gossipsub::Rpc rpc;
        repeat([&] { rpc.subscriptions.push_back({draw.below(2) == 0, text(40)}); });
        repeat([&] { rpc.messages.push_back({text(40), as_bytes(text(500)), false}); });
        repeat([&] { rpc.ihave.push_back({text(40), ids()}); });
        rpc.iwant = ids();
        rpc.idontwant = ids();
        repeat([&] { rpc.graft.push_back(text(40)); });
        repeat([&] {
            std::optional<std::uint64_t> backoff;
            if (draw.below(3) != 0) backoff = draw.random().next_u64() >> draw.below(64);
            rpc.prune.push_back({text(40), backoff});
        });

        const Bytes bytes = gossipsub::encode_rpc(rpc);
        const auto message = parse("Rpc", bytes);
        ASSERT_TRUE(message) << to_hex(bytes);
        ASSERT_TRUE(plain(View(*message)) == plain(rpc)) << to_hex(bytes);
        ASSERT_TRUE(View(*message).unknown().empty());
        const auto decoded = gossipsub::decode_rpc(as_bytes(message->SerializeAsString()));
        ASSERT_TRUE(decoded.has_value()) << to_hex(bytes);
    });
}

// ---- identify

TEST(ProtobufProperty, an_identify_message_of_a_peer_says_what_protobuf_reads) {
    for_each_sample("Identify", 150, [](const Sample& sample) {
        const auto decoded = decode_identify(sample.bytes);
        if (sample.odd) return;
        ASSERT_EQ(decoded.has_value(), sample.message != nullptr);
        if (!decoded) return;
        const View view(*sample.message);
        const auto shown = [](const std::string& text) { return text.substr(0, kIdentifyTextMax); };
        IdentifyInfo expected;
        expected.public_key = to_bytes(as_bytes(view.text("public_key")));
        expected.protocol_version = shown(view.text("protocol_version"));
        expected.agent_version = shown(view.text("agent_version"));
        for (const std::string& protocol : view.texts("protocols")) {
            expected.protocols.push_back(shown(protocol));
        }
        for (const std::string& bytes : view.texts("listen_addresses")) {
            if (auto address = Multiaddr::from_bytes(as_bytes(bytes))) {
                expected.listen_addresses.push_back(*address);
            }
        }
        // The last of several, unless it cannot be read: then an earlier one stands.
        expected.observed_address = decoded->observed_address;
        if (auto address = Multiaddr::from_bytes(as_bytes(view.text("observed_address")))) {
            expected.observed_address = *address;
        }
        ASSERT_EQ(*decoded, expected);
    });
}

TEST(ProtobufProperty, an_identify_message_of_lepton_is_read_by_protobuf) {
    for_each_seed<WireDraw>(200, [](WireDraw& draw) {
        IdentifyInfo info;
        info.protocol_version = draw.text(40);
        info.agent_version = draw.text(40);
        info.public_key = to_bytes(as_bytes(draw.text(40)));
        for (std::uint64_t i = draw.below(4); i > 0; --i) {
            info.listen_addresses.push_back(draw.address());
            info.protocols.push_back(draw.text(40));
        }
        if (draw.below(2) == 0) info.observed_address = draw.address();

        const auto message = parse("Identify", encode_identify(info));
        ASSERT_TRUE(message);
        const View view(*message);
        EXPECT_TRUE(view.unknown().empty());
        EXPECT_EQ(view.text("protocol_version"), info.protocol_version);
        EXPECT_EQ(view.text("agent_version"), info.agent_version);
        EXPECT_EQ(view.text("public_key"), as_text(info.public_key));
        EXPECT_EQ(view.texts("protocols"), info.protocols);
        EXPECT_EQ(view.has("observed_address"), info.observed_address.has_value());
        EXPECT_EQ(decode_identify(as_bytes(message->SerializeAsString())), info);
    });
}

// ---- identity keys

TEST(ProtobufProperty, a_public_key_has_the_one_form_that_protobuf_writes) {
    const auto written_by_protobuf = [](const PublicKey& key) {
        const auto message = schema().make("PublicKey");
        const pb::Descriptor& type = schema().type("PublicKey");
        const pb::Reflection& reflection = *message->GetReflection();
        reflection.SetUInt64(message.get(), type.field(0), static_cast<std::uint64_t>(key.type));
        reflection.SetString(message.get(), type.field(1), std::string(as_text(key.data)));
        return to_bytes(as_bytes(message->SerializeAsString()));
    };
    for_each_seed<WireDraw>(200, [&](WireDraw& draw) {
        PublicKey key;
        key.type = static_cast<KeyType>(draw.below(4));
        const std::size_t size = key.type == KeyType::secp256k1 ? 33
                                 : key.type == KeyType::ed25519
                                     ? 32
                                     : static_cast<std::size_t>(1 + draw.below(kPublicKeySizeMax));
        key.data.resize(size);
        draw.random().fill(key.data);
        const Bytes bytes = key.to_protobuf();
        ASSERT_EQ(bytes, written_by_protobuf(key));
        ASSERT_EQ(PublicKey::from_protobuf(bytes), key);

        // Whatever else is accepted is the one form of another key.
        for (int i = 0; i < 20; ++i) {
            const Bytes damaged = draw.damaged(bytes);
            if (const auto other = PublicKey::from_protobuf(damaged)) {
                ASSERT_EQ(damaged, written_by_protobuf(*other));
            }
            const Bytes odd_form = draw.message(schema().type("PublicKey"));
            if (const auto other = PublicKey::from_protobuf(odd_form)) {
                ASSERT_EQ(odd_form, written_by_protobuf(*other));
            }
        }
    });
}

}  // namespace
}  // namespace lepton::libp2p
