// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The conformance vectors of the specification for the router's decisions and the RPC codec.
#include "crypto/sha256.hpp"
#include "libp2p/gossipsub/router.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "libp2p/varint.hpp"

#include <boost/json/src.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lepton::libp2p::gossipsub {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

std::filesystem::path vectors(const char* folder) {
    return std::filesystem::path(LEPTON_SOURCE_DIR) / "../shared/vectors" /
           "leanspec-43246bd-test-scheme/consensus" / folder / "lstar/networking";
}

/// Every vector below `folder`, by test id.
std::map<std::string, json::object> load(const std::filesystem::path& folder) {
    std::map<std::string, json::object> result;
    if (!std::filesystem::exists(folder)) return result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        const json::value document = json::parse(text.str());
        for (const auto& member : document.as_object()) {
            result.emplace(member.key(), member.value().as_object());
        }
    }
    return result;
}

std::string text_of(const json::value& value) {
    return json::value_to<std::string>(value);
}

Bytes hex_of(const json::value& value) {
    return from_hex(text_of(value)).value();
}

MessageId id_of(const json::value& value) {
    MessageId id;
    const Bytes bytes = hex_of(value);
    std::ranges::copy(bytes, id.begin());
    return id;
}

const json::array& array_in(const json::object& object, std::string_view key) {
    static const json::array kNone;
    const json::value* found = object.if_contains(key);
    return found == nullptr || found->is_null() ? kNone : found->as_array();
}

/// An RPC with the texts it borrows.
struct OwnedRpc {
    std::deque<std::string> texts;
    std::deque<Bytes> payloads;
    Rpc rpc;

    std::string_view keep(const json::value& text) { return texts.emplace_back(text_of(text)); }

    explicit OwnedRpc(const json::object& parts, const json::object& control) {
        for (const json::value& entry : array_in(parts, "subscriptions")) {
            rpc.subscriptions.push_back(
                {entry.at("subscribe").as_bool(), keep(entry.at("topicId"))});
        }
        for (const json::value& entry : array_in(parts, "publish")) {
            Message message;
            message.topic = keep(entry.at("topic"));
            if (entry.as_object().contains("data")) {
                message.data = payloads.emplace_back(hex_of(entry.at("data")));
            }
            message.names_origin = entry.as_object().contains("fromPeer");
            rpc.messages.push_back(message);
        }
        for (const json::value& entry : array_in(control, "ihave")) {
            IHave have{keep(entry.at("topicId")), {}};
            for (const json::value& id : entry.at("messageIds").as_array()) {
                have.ids.push_back(id_of(id));
            }
            rpc.ihave.push_back(std::move(have));
        }
        const auto take_ids = [&control](std::string_view key, std::vector<MessageId>& out) {
            for (const json::value& entry : array_in(control, key)) {
                for (const json::value& id : entry.at("messageIds").as_array()) {
                    out.push_back(id_of(id));
                }
            }
        };
        take_ids("iwant", rpc.iwant);
        take_ids("idontwant", rpc.idontwant);
        for (const json::value& entry : array_in(control, "graft")) {
            rpc.graft.push_back(keep(entry.at("topicId")));
        }
        for (const json::value& entry : array_in(control, "prune")) {
            rpc.prune.push_back(
                {keep(entry.at("topicId")), json::value_to<std::uint64_t>(entry.at("backoff"))});
        }
    }
};

/// The encoding of the vectors leaves a backoff of zero out.
Bytes encode_as_vector(OwnedRpc owned) {
    for (Prune& prune : owned.rpc.prune) {
        if (prune.backoff == 0) prune.backoff.reset();
    }
    return encode_rpc(owned.rpc);
}

class RpcVectors : public testing::Test {};

TEST_F(RpcVectors, every_rpc_is_encoded_and_decoded_as_specified) {
    const auto all = load(vectors("networking_codec") / "test_gossipsub_rpc");
    if (all.empty()) GTEST_SKIP() << "the vectors are not here";
    for (const auto& [name, vector] : all) {
        const json::object& codec = vector.at("codec").as_object();
        const json::value* control = codec.if_contains("control");
        const OwnedRpc owned(codec, control == nullptr ? json::object{} : control->as_object());
        const Bytes encoded = hex_of(vector.at("output").at("encoded"));
        const auto decoded = decode_rpc(encoded);
        ASSERT_TRUE(decoded) << name;
        ASSERT_EQ(decoded->messages.size(), owned.rpc.messages.size()) << name;
        bool names_origin = false;
        for (std::size_t i = 0; i < decoded->messages.size(); ++i) {
            EXPECT_EQ(decoded->messages[i].topic, owned.rpc.messages[i].topic) << name;
            EXPECT_EQ(to_bytes(decoded->messages[i].data), to_bytes(owned.rpc.messages[i].data));
            EXPECT_EQ(decoded->messages[i].names_origin, owned.rpc.messages[i].names_origin);
            names_origin = names_origin || decoded->messages[i].names_origin;
        }
        // lepton never sends messages with an origin, so it cannot encode one.
        if (!names_origin) {
            EXPECT_EQ(to_hex(encode_as_vector(owned)), to_hex(encoded)) << name;
            EXPECT_EQ(to_hex(encode_rpc(*decoded)), to_hex(encoded)) << name;
        }
    }
}

TEST_F(RpcVectors, what_has_to_be_refused_is_refused) {
    auto all = load(vectors("networking_codec") / "test_gossipsub_rpc_rejections");
    all.merge(load(vectors("networking_codec") / "test_varint_invalid"));
    if (all.empty()) GTEST_SKIP() << "the vectors are not here";
    for (const auto& [name, vector] : all) {
        const json::object& codec = vector.at("codec").as_object();
        const Bytes raw = hex_of(codec.at("rawBytes"));
        const std::string decoder = text_of(codec.at("decoder"));
        ASSERT_TRUE(decoder == "gossipsub_rpc" || decoder == "varint") << name;
        EXPECT_FALSE(decoder == "varint" ? read_varint(raw).has_value()
                                         : decode_rpc(raw).has_value())
            << name;
    }
}

TEST_F(RpcVectors, every_varint_is_encoded_and_decoded_as_specified) {
    const auto all = load(vectors("networking_codec") / "test_varint");
    if (all.empty()) GTEST_SKIP() << "the vectors are not here";
    for (const auto& [name, vector] : all) {
        const json::value& value = vector.at("codec").at("value");
        const std::uint64_t number =
            value.is_string() ? std::stoull(text_of(value)) : json::value_to<std::uint64_t>(value);
        Bytes encoded;
        append_varint(encoded, number);
        EXPECT_EQ(to_hex(encoded), to_hex(hex_of(vector.at("output").at("encoded")))) << name;
        EXPECT_EQ(read_varint(encoded)->value, number) << name;
    }
}

/// The id of a payload that is not snappy; a payload of 20 bytes stands for the message whose id
/// it is.
Result<Transformed, std::string> transform(std::string_view topic, ByteView raw) {
    Transformed out;
    if (raw.size() == out.id.size()) {
        std::ranges::copy(raw, out.id.begin());
        return out;
    }
    Bytes input = {0, 0, 0, 0, static_cast<std::uint8_t>(topic.size()), 0, 0, 0, 0, 0, 0, 0};
    append(input, as_bytes(topic));
    append(input, raw);
    std::ranges::copy_n(crypto::sha256(input).begin(), out.id.size(), out.id.begin());
    return out;
}

/// Brings a router into the state of a vector by what peers and the application do.
struct HandlerRun {
    explicit HandlerRun(const json::object& vector) : now(to_time(vector.at("now"))) {
        const json::object& state = vector.at("initialState").as_object();
        Config config;
        const json::value& params = vector.at("params");
        config.degree = params.at("d").to_number<std::size_t>();
        config.degree_low = params.at("dLow").to_number<std::size_t>();
        config.degree_high = params.at("dHigh").to_number<std::size_t>();
        config.degree_lazy = params.at("dLazy").to_number<std::size_t>();
        config.topics = {{"test_topic", 1000}};
        router.emplace(
            config, PeerId::from_public_key(sim_public_key(0)), transform, random, metrics);

        const Time before = now - seconds(1);
        for (const json::value& topic : state.at("subscriptions").as_array()) {
            router->subscribe(text_of(topic), before);
        }
        for (const auto& [name, peer] : state.at("peers").as_object()) {
            add_peer(name, peer.as_object(), before);
        }
        for (const auto& [topic, members] : state.at("meshes").as_object()) {
            for (const json::value& member : members.as_array()) {
                Rpc rpc;
                rpc.graft = {std::string_view(topic)};
                router->on_rpc(ids.at(text_of(member)), encode_rpc(rpc), before);
            }
        }
        for (const json::value& id : state.at("seenMessageIds").as_array()) {
            receive("test_topic", hex_of(id), Verdict::ignore, before);
        }
        for (const json::value& message : state.at("cachedMessages").as_array()) {
            receive(
                text_of(message.at("topic")), hex_of(message.at("data")), Verdict::accept, before);
        }
        take_frames();
    }

    static Time to_time(const json::value& now) {
        return Time{seconds(now.to_number<std::int64_t>())};
    }

    void add_peer(std::string_view name, const json::object& peer, Time before) {
        // Ascending names are ascending peer ids.
        const std::uint32_t number = std::uint32_t{static_cast<std::uint8_t>(name[0])} << 16 |
                                     std::uint32_t{static_cast<std::uint8_t>(name[4])} << 8;
        const PeerId id = PeerId::from_public_key(sim_public_key(number));
        ids.emplace(name, id);
        names.emplace(id, name);
        router->add_peer(id, false, before);
        router->open_output(id, Version::v1_2);
        Rpc rpc;
        for (const json::value& topic : peer.at("subscriptions").as_array()) {
            rpc.subscriptions.push_back({true, topic.as_string()});
        }
        for (const json::value& id_text : peer.at("dontWantIds").as_array()) {
            rpc.idontwant.push_back(id_of(id_text));
        }
        for (const auto& [topic, until] : peer.at("backoff").as_object()) {
            const auto left = seconds(until.to_number<std::int64_t>()) - before.time_since_epoch();
            rpc.prune.push_back(
                {topic,
                 static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(left).count())});
        }
        router->on_rpc(id, encode_rpc(rpc), before);
    }

    void receive(const std::string& topic, const Bytes& data, Verdict verdict, Time at) {
        const PeerId stranger = PeerId::from_public_key(sim_public_key(1));
        router->add_peer(stranger, false, at);
        Rpc rpc;
        rpc.messages = {{topic, data, false}};
        router->on_rpc(stranger, encode_rpc(rpc), at);
        for (const Delivery& delivery : router->take_effects().deliveries) {
            router->report_validation(delivery.id, delivery.peer, verdict, at);
        }
        router->remove_peer(stranger, at);
    }

    /// Every RPC that is waiting: name of the receiver, hex.
    std::vector<std::pair<std::string, std::string>> take_frames() {
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& [name, id] : ids) {
            while (const auto frame = router->next_frame(id)) {
                out.emplace_back(name, to_hex(*frame));
            }
        }
        return out;
    }

    Time now;
    SeededRandom random{1};
    Metrics metrics;
    std::optional<Router> router;
    std::map<std::string, PeerId> ids;
    std::map<PeerId, std::string> names;
};

TEST(RouterVectors, every_decision_is_as_specified) {
    const auto all = load(vectors("gossipsub_handler"));
    if (all.empty()) GTEST_SKIP() << "the vectors are not here";
    for (const auto& [name, vector] : all) {
        HandlerRun run(vector);
        const json::object& event = vector.at("event").as_object();
        const PeerId& from = run.ids.at(text_of(event.at("fromPeer")));
        run.router->on_rpc(from, encode_rpc(OwnedRpc(event, event).rpc), run.now);
        for (const Delivery& delivery : run.router->take_effects().deliveries) {
            run.router->report_validation(delivery.id, delivery.peer, Verdict::accept, run.now);
        }

        std::vector<std::pair<std::string, std::string>> expected;
        for (const json::value& sent : vector.at("expected").at("sentRpcs").as_array()) {
            const json::value* control = sent.as_object().if_contains("control");
            const OwnedRpc owned(sent.as_object(),
                                 control == nullptr ? json::object{} : control->as_object());
            expected.emplace_back(text_of(sent.at("toPeer")), to_hex(encode_frame(owned.rpc)));
        }
        EXPECT_EQ(run.take_frames(), expected) << name;

        for (const auto& [topic, members] : vector.at("expected").at("meshAfter").as_object()) {
            std::vector<std::string> mesh;
            for (const PeerId& id : run.router->mesh(topic)) mesh.push_back(run.names.at(id));
            EXPECT_EQ(mesh, json::value_to<std::vector<std::string>>(members)) << name;
        }
    }
}

}  // namespace
}  // namespace lepton::libp2p::gossipsub
