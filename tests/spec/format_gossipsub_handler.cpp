// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The router is brought into the state of a vector by what peers and the application can do, one
// second before the event; a state that it does not reach fails the vector. lepton forwards after
// the application's verdict, so every message is accepted as soon as it is delivered.
#include "libp2p/gossipsub/router.hpp"
#include "libp2p/simulation/sim_identity.hpp"
#include "p2p/message_id.hpp"
#include "p2p/snappy_block.hpp"
#include "spec/formats.hpp"
#include "spec/gossipsub_rpc.hpp"

#include <algorithm>
#include <set>

namespace lepton::spec {
namespace {

namespace gossipsub = libp2p::gossipsub;
using gossipsub::MessageId;
using libp2p::PeerId;
using std::chrono::seconds;

/// The receiver and the bytes of each RPC, as lines of text.
using SentLines = std::vector<std::string>;
using Names = std::vector<std::string>;

constexpr std::uint32_t kSelf = 0;
/// Who brings messages before the event, and leaves again.
constexpr std::uint32_t kStranger = 1;

PeerId peer_number(std::uint32_t number) {
    return PeerId::from_public_key(libp2p::sim_public_key(number));
}

Time time_of(std::uint64_t second) {
    return Time{seconds(second)};
}

Names names_in(const json::value& list) {
    Names names;
    for (const json::value& name : as_array(list)) names.emplace_back(as_string(name));
    return names;
}

gossipsub::Config config_of(const json::object& params, const std::set<std::string>& topics) {
    allow_only(params, {"d", "dLow", "dHigh", "dLazy"});
    gossipsub::Config config;
    config.degree_low = as_u64(at(params, "dLow"));
    config.degree_high = as_u64(at(params, "dHigh"));
    config.degree_lazy = as_u64(at(params, "dLazy"));
    // The router fills no mesh above the bound that starts to empty it.
    config.degree = std::min<std::size_t>(as_u64(at(params, "d")), config.degree_high);
    if (config.degree_low == 0 || config.degree_low > config.degree) {
        throw BadVector("degrees that no mesh can have");
    }
    config.degree_outbound = std::min(config.degree_outbound, config.degree_low - 1);
    for (const std::string& topic : topics) {
        config.topics.push_back({topic, gossipsub::kRpcSizeMax});
    }
    return config;
}

/// One vector.
class HandlerRun {
  public:
    explicit HandlerRun(const json::object& vector)
        : state_(as_object(at(vector, "initialState"))),
          event_(as_object(at(vector, "event"))),
          now_(as_u64(at(vector, "now"))),
          before_(time_of(now_) - seconds(1)) {
        allow_only(state_,
                   {"subscriptions", "peers", "meshes", "seenMessageIds", "cachedMessages"});
        allow_only(event_,
                   {"fromPeer", "publish", "graft", "prune", "ihave", "iwant", "idontwant"});
        read_parts(event_, rpc_);
        read_control(event_, rpc_);
        name_topics();
        router_.emplace(
            config_of(as_object(at(vector, "params")), topics_),
            peer_number(kSelf),
            [this](std::string_view topic, ByteView raw) { return transform(topic, raw); },
            random_,
            metrics_);
    }

    Verdict run(const json::object& expected) {
        allow_only(expected, {"sentRpcs", "meshAfter"});
        set_up();
        if (auto same = expect_meshes(as_object(at(state_, "meshes"))); !same) {
            return std::unexpected("the state is not reached: " + same.error());
        }
        take_sent();

        const PeerId from = id_of(as_string(at(event_, "fromPeer")));
        router_->on_rpc(from, gossipsub::encode_rpc(rpc_.rpc), time_of(now_));
        judge(gossipsub::Verdict::accept, time_of(now_));
        if (auto equal = expect_equal(
                "sentRpcs", take_sent(), expected_sent(as_array(at(expected, "sentRpcs"))));
            !equal) {
            return equal;
        }
        const json::object& meshes = as_object(at(expected, "meshAfter"));
        const Names subscribed = names_in(at(state_, "subscriptions"));
        for (const std::string& topic : subscribed) at(meshes, topic);
        if (meshes.size() != subscribed.size()) throw BadVector("a mesh without a subscription");
        return expect_meshes(meshes);
    }

  private:
    /// The router knows no topics but those it is made with.
    void name_topics() {
        const auto add = [this](const Names& names) { topics_.insert(names.begin(), names.end()); };
        add(names_in(at(state_, "subscriptions")));
        for (const auto& mesh : as_object(at(state_, "meshes"))) topics_.emplace(mesh.key());
        for (const auto& peer : as_object(at(state_, "peers"))) {
            add(names_in(at(as_object(peer.value()), "subscriptions")));
        }
        const gossipsub::Rpc& rpc = rpc_.rpc;
        for (const auto& message : rpc.messages) topics_.emplace(message.topic);
        for (const std::string_view topic : rpc.graft) topics_.emplace(topic);
        for (const auto& prune : rpc.prune) topics_.emplace(prune.topic);
        for (const auto& have : rpc.ihave) topics_.emplace(have.topic);
    }

    void set_up() {
        for (const std::string& topic : names_in(at(state_, "subscriptions"))) {
            router_->subscribe(topic, before_);
        }
        for (const auto& peer : as_object(at(state_, "peers"))) {
            add_peer(id_of(peer.key()), as_object(peer.value()));
        }
        for (const auto& [topic, members] : as_object(at(state_, "meshes"))) {
            for (const std::string& member : names_in(members)) {
                gossipsub::Rpc graft;
                graft.graft = {topic};
                router_->on_rpc(id_of(member), gossipsub::encode_rpc(graft), before_);
            }
        }
        std::uint8_t number = 0;
        for (const json::value& id : as_array(at(state_, "seenMessageIds"))) {
            if (topics_.empty()) throw BadVector("messages without a topic");
            const Bytes payload{'s', 'e', 'e', 'n', number++};
            ids_of_payloads_[payload] = read_as<MessageId>(id);
            receive(*topics_.begin(), payload, gossipsub::Verdict::ignore);
        }
        for (const json::value& value : as_array(at(state_, "cachedMessages"))) {
            const json::object& message = as_object(value);
            allow_only(message, {"topic", "data", "messageId"});
            const Bytes payload = as_bytes(at(message, "data"));
            ids_of_payloads_[payload] = read_as<MessageId>(at(message, "messageId"));
            receive(as_string(at(message, "topic")), payload, gossipsub::Verdict::accept);
        }
    }

    void add_peer(const PeerId& id, const json::object& peer) {
        allow_only(peer, {"subscriptions", "withStream", "backoff", "dontWantIds"});
        router_->add_peer(id, false, before_);
        if (as_bool(at(peer, "withStream"))) router_->open_output(id, gossipsub::Version::v1_2);
        gossipsub::Rpc rpc;
        for (const json::value& topic : as_array(at(peer, "subscriptions"))) {
            rpc.subscriptions.push_back({true, as_string(topic)});
        }
        for (const json::value& message : as_array(at(peer, "dontWantIds"))) {
            rpc.idontwant.push_back(read_as<MessageId>(message));
        }
        for (const auto& [topic, value] : as_object(at(peer, "backoff"))) {
            const std::uint64_t until = as_u64(value);
            if (until <= now_) continue;  // over already
            const std::uint64_t left = until - now_ + 1;
            if (seconds(left) > gossipsub::kBackoffMax) throw BadVector("too long a backoff");
            rpc.prune.push_back({topic, left});
        }
        router_->on_rpc(id, gossipsub::encode_rpc(rpc), before_);
    }

    void receive(std::string_view topic, const Bytes& payload, gossipsub::Verdict verdict) {
        const PeerId stranger = peer_number(kStranger);
        router_->add_peer(stranger, false, before_);
        gossipsub::Rpc rpc;
        rpc.messages = {{.topic = topic, .data = payload}};
        router_->on_rpc(stranger, gossipsub::encode_rpc(rpc), before_);
        if (judge(verdict, before_) != 1) throw BadVector("a message that the router refuses");
        router_->remove_peer(stranger, before_);
    }

    /// Returns how many messages the application got.
    std::size_t judge(gossipsub::Verdict verdict, Time at) {
        const auto deliveries = router_->take_effects().deliveries;
        for (const gossipsub::Delivery& delivery : deliveries) {
            router_->report_validation(delivery.id, delivery.peer, verdict, at);
        }
        return deliveries.size();
    }

    /// The id that the specification gives to any payload, valid or not (the node drops what is no
    /// snappy, and needs no id for it), unless the state names another one.
    Result<gossipsub::Transformed, std::string> transform(std::string_view topic, ByteView raw) {
        if (const auto known = ids_of_payloads_.find(to_bytes(raw));
            known != ids_of_payloads_.end()) {
            return gossipsub::Transformed{known->second, {}};
        }
        const auto data = p2p::snappy_block_decode(raw, kMaxPayloadSize);
        return gossipsub::Transformed{data ? p2p::message_id(p2p::kDomainValidSnappy, topic, *data)
                                           : p2p::message_id(p2p::kDomainInvalidSnappy, topic, raw),
                                      {}};
    }

    PeerId id_of(std::string_view name) {
        const auto number = kStranger + 1 + static_cast<std::uint32_t>(ids_.size());
        return ids_.try_emplace(std::string(name), peer_number(number)).first->second;
    }

    /// What waits for the peers, in the order of their names.
    SentLines take_sent() {
        SentLines lines;
        for (const auto& [name, id] : ids_) {
            while (const auto frame = router_->next_frame(id)) {
                lines.push_back(fmt::format("{} {}", name, to_hex(*frame)));
            }
        }
        return lines;
    }

    static SentLines expected_sent(const json::array& list) {
        SentLines lines;
        for (const json::value& value : list) {
            const json::object& sent = as_object(value);
            allow_only(sent, {"toPeer", "subscriptions", "publish", "control"});
            RpcOfVector rpc;
            read_parts(sent, rpc);
            if (const json::value* control = find(sent, "control")) {
                allow_only(as_object(*control), {"graft", "prune", "iwant", "idontwant"});
                read_control(as_object(*control), rpc);
            }
            lines.push_back(fmt::format(
                "{} {}", as_string(at(sent, "toPeer")), to_hex(gossipsub::encode_frame(rpc.rpc))));
        }
        return lines;
    }

    /// Topics that `expected` does not name have an empty mesh.
    Verdict expect_meshes(const json::object& expected) const {
        for (const std::string& topic : topics_) {
            const json::value* const members = find(expected, topic);
            Names names = members == nullptr ? Names{} : names_in(*members);
            std::ranges::sort(names);
            Names found;
            const std::vector<PeerId> mesh = router_->mesh(topic);
            for (const auto& [name, id] : ids_) {
                if (std::ranges::find(mesh, id) != mesh.end()) found.push_back(name);
            }
            if (found.size() != mesh.size()) return std::unexpected("a stranger in the mesh");
            if (auto equal = expect_equal("mesh of " + topic, found, names); !equal) return equal;
        }
        return {};
    }

    const json::object& state_;
    const json::object& event_;
    RpcOfVector rpc_;
    std::uint64_t now_;
    Time before_;
    std::set<std::string> topics_;
    std::map<std::string, PeerId> ids_;
    std::map<Bytes, MessageId> ids_of_payloads_;
    SeededRandom random_{1};
    Metrics metrics_;
    std::optional<gossipsub::Router> router_;
};

}  // namespace

Verdict run_gossipsub_handler(const Vector& vector) {
    vector_members(vector, {"handlerName", "params", "initialState", "event", "now", "expected"});
    constexpr std::array<std::string_view, 6> kHandlers{
        "graft", "prune", "ihave", "iwant", "idontwant", "message"};
    const std::string_view handler = as_string(at(vector.body, "handlerName"));
    if (std::ranges::find(kHandlers, handler) == kHandlers.end()) {
        throw BadVector(fmt::format("unknown handlerName '{}'", handler));
    }
    return HandlerRun(vector.body).run(as_object(at(vector.body, "expected")));
}

}  // namespace lepton::spec
