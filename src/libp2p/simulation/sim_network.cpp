// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A link joins two endpoints and has two sides. What one side does becomes an event in the inbox
// of the other, with a timer on the other's reactor for each event; a timer takes the event at the
// front, so the order of sending is the order of arrival whatever the drawn latencies are. User
// objects (connections, streams) hold only ids; what they name may be gone, then a call does
// nothing. Every callback runs with no reference into the tables held across it, because the user
// may do anything from there.
#include "libp2p/simulation/sim_network.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace lepton::libp2p {

class SimStream final : public Stream {
  public:
    SimStream(SimNetwork& network,
              SimNetwork::LinkId link,
              SimNetwork::SideIndex side,
              SimNetwork::SimStreamId stream)
        : network_(network), link_(link), side_(side), stream_(stream) {}
    ~SimStream() override { network_.stream_destroyed(link_, side_, stream_); }

    void set_handler(StreamHandler* handler) override {
        auto* stream = network_.find_stream(link_, side_, stream_);
        if (stream == nullptr) return;
        stream->handler = handler;
        if (handler != nullptr) network_.resume_deliveries(link_, side_);
    }
    bool write(Bytes bytes) override {
        return network_.write(link_, side_, stream_, std::move(bytes));
    }
    std::size_t queued_size() const override {
        const auto* stream = network_.find_stream(link_, side_, stream_);
        return stream == nullptr ? 0 : stream->queue_size;
    }
    void consume(std::size_t size) override { network_.consume(link_, side_, stream_, size); }
    void finish() override { network_.finish(link_, side_, stream_); }
    void reset(std::uint64_t code) override { network_.reset(link_, side_, stream_, code); }

  private:
    SimNetwork& network_;
    SimNetwork::LinkId link_;
    SimNetwork::SideIndex side_;
    SimNetwork::SimStreamId stream_;
};

class SimConnection final : public Connection {
  public:
    SimConnection(SimNetwork& network,
                  SimNetwork::LinkId link,
                  SimNetwork::SideIndex side,
                  PeerId peer_id,
                  Bytes public_key,
                  Multiaddr address)
        : network_(network),
          link_(link),
          side_(side),
          peer_id_(std::move(peer_id)),
          public_key_(std::move(public_key)),
          address_(std::move(address)) {}
    ~SimConnection() override { network_.connection_destroyed(link_, side_); }

    void set_handler(ConnectionHandler* handler) override {
        network_.set_connection_handler(link_, side_, handler);
    }
    const PeerId& peer_id() const override { return peer_id_; }
    ByteView peer_public_key() const override { return public_key_; }
    const Multiaddr& remote_address() const override { return address_; }
    bool is_outbound() const override { return side_ == 0; }
    std::unique_ptr<Stream> open_stream() override { return network_.open_stream(link_, side_); }
    void close(std::uint64_t, std::string_view why) override { network_.close(link_, side_, why); }

  private:
    SimNetwork& network_;
    SimNetwork::LinkId link_;
    SimNetwork::SideIndex side_;
    PeerId peer_id_;
    Bytes public_key_;
    Multiaddr address_;
};

class SimTransport final : public Transport {
  public:
    SimTransport(SimNetwork& network, SimNetwork::EndpointId endpoint)
        : network_(network), endpoint_(endpoint) {}
    ~SimTransport() override { network_.remove(endpoint_); }

    Result<Multiaddr, IoError> listen(const Multiaddr& address, Accept accept) override {
        return network_.listen(endpoint_, address, std::move(accept));
    }
    void dial(const Multiaddr& address, DialDone done) override {
        network_.dial(endpoint_, address, std::move(done));
    }
    void stop() override { network_.stop(endpoint_); }

  private:
    SimNetwork& network_;
    SimNetwork::EndpointId endpoint_;
};

namespace {

/// Time until what was lost is sent again; doubled each time.
constexpr Duration kRetransmission = std::chrono::milliseconds(100);

/// A side's own streams have the parity of its index.
bool is_opened_by(std::uint64_t stream, std::size_t side) {
    return stream % 2 == side;
}

bool is_complete(const auto& stream) {
    return stream.finishing && stream.end_received;
}

std::pair<PeerId, PeerId> ordered(const PeerId& a, const PeerId& b) {
    return a < b ? std::pair{a, b} : std::pair{b, a};
}

}  // namespace

SimNetwork::SimNetwork(Random& random, SimNetworkOptions options)
    : random_(random), options_(options) {
    LEPTON_ASSERT(options_.latency_min <= options_.latency_max);
    LEPTON_ASSERT(options_.read_size_max > 0);
}

SimNetwork::~SimNetwork() = default;

std::unique_ptr<Transport> SimNetwork::add_endpoint(Reactor& reactor, Bytes public_key, Bytes ip4) {
    const EndpointId id = ++last_id_;
    PeerId peer_id = PeerId::from_public_key(public_key);
    // The port is that of an endpoint that only dials.
    Multiaddr address{std::move(ip4), static_cast<std::uint16_t>(40000 + id % 20000), peer_id};
    endpoints_.emplace(id,
                       Endpoint{std::move(peer_id),
                                std::move(public_key),
                                std::move(address),
                                &reactor,
                                false,
                                {},
                                {}});
    return std::make_unique<SimTransport>(*this, id);
}

// ---- lookups

Duration SimNetwork::draw_latency() {
    const auto span = (options_.latency_max - options_.latency_min).count();
    return options_.latency_min + Duration(static_cast<Duration::rep>(
                                      random_.below(static_cast<std::uint64_t>(span) + 1)));
}

bool SimNetwork::is_drawn(unsigned per_thousand) {
    // A good network draws nothing.
    return per_thousand > 0 && random_.below(1000) < per_thousand;
}

Duration SimNetwork::draw_delay(const SimPath& path) {
    Duration delay{};
    if (path.jitter > Duration::zero()) {
        ++counters_.delays;
        delay += Duration(static_cast<Duration::rep>(
            random_.below(static_cast<std::uint64_t>(path.jitter.count()) + 1)));
    }
    for (Duration wait = kRetransmission; delay < options_.idle_timeout && is_drawn(path.loss);
         wait *= 2) {
        ++counters_.losses;
        delay += wait;
    }
    return delay;
}

SimNetwork::Endpoint* SimNetwork::find_endpoint(EndpointId id) {
    const auto found = endpoints_.find(id);
    return found == endpoints_.end() ? nullptr : &found->second;
}

SimNetwork::Endpoint* SimNetwork::find_listener(const Multiaddr& address) {
    for (auto& [id, endpoint] : endpoints_) {
        if (endpoint.is_listening && endpoint.address.ip == address.ip &&
            endpoint.address.udp_port == address.udp_port) {
            return &endpoint;
        }
    }
    return nullptr;
}

SimNetwork::Link* SimNetwork::find_link(LinkId id) {
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : &found->second;
}

SimNetwork::StreamSide* SimNetwork::find_stream(LinkId id, SideIndex side, SimStreamId stream) {
    Link* link = find_link(id);
    if (link == nullptr) return nullptr;
    const auto found = link->sides[side].streams.find(stream);
    return found == link->sides[side].streams.end() ? nullptr : &found->second;
}

const SimPath& SimNetwork::path(const PeerId& from, const PeerId& to) const {
    static const SimPath good;
    const auto found = paths_.find({from, to});
    return found == paths_.end() ? good : found->second.path;
}

const SimPath& SimNetwork::path_to(const Link& link, SideIndex to) {
    static const SimPath good;
    const Endpoint* sender = find_endpoint(link.sides[1 - to].endpoint);
    const Endpoint* receiver = find_endpoint(link.sides[to].endpoint);
    if (sender == nullptr || receiver == nullptr) return good;
    return path(sender->peer_id, receiver->peer_id);
}

bool SimNetwork::is_cut(const PeerId& a, const PeerId& b) const {
    return path(a, b).is_blocked || path(b, a).is_blocked;
}

std::vector<SimNetwork::LinkId> SimNetwork::links_between(const PeerId& a, const PeerId& b) {
    std::vector<LinkId> result;
    for (const auto& [id, link] : links_) {
        const Endpoint* first = find_endpoint(link.sides[0].endpoint);
        const Endpoint* second = find_endpoint(link.sides[1].endpoint);
        if (first == nullptr || second == nullptr) continue;
        if (ordered(first->peer_id, second->peer_id) == ordered(a, b)) result.push_back(id);
    }
    return result;
}

// ---- faults

void SimNetwork::drop_connections(const PeerId& a, const PeerId& b) {
    for (const LinkId id : links_between(a, b)) {
        for (const SideIndex side : {SideIndex{0}, SideIndex{1}}) {
            close_side_later(id, side, Duration::zero(), {CloseCause::error, "connection dropped"});
        }
    }
}

void SimNetwork::set_path(const PeerId& from, const PeerId& to, const SimPath& path) {
    PathState& state = paths_[{from, to}];
    const bool was_blocked = state.path.is_blocked;
    state.path = path;
    if (was_blocked == path.is_blocked) return;
    const std::uint64_t blocks = ++state.blocks;
    for (const LinkId id : links_between(from, to)) {
        const Link& link = links_.at(id);
        const SideIndex receiver = find_endpoint(link.sides[1].endpoint)->peer_id == to ? 1 : 0;
        if (!path.is_blocked) {
            resume_deliveries(id, receiver);
            continue;
        }
        Reactor& reactor = *find_endpoint(link.sides[receiver].endpoint)->reactor;
        reactor.after(options_.idle_timeout, [this, from, to, id, receiver, blocks] {
            if (paths_.at({from, to}).blocks != blocks) return;
            close_side(id, receiver, {CloseCause::timeout, "idle timeout"});
        });
    }
}

void SimNetwork::partition(const PeerId& a, const PeerId& b) {
    set_path(a, b, {.is_blocked = true});
    set_path(b, a, {.is_blocked = true});
}

void SimNetwork::heal(const PeerId& a, const PeerId& b) {
    set_path(a, b, {});
    set_path(b, a, {});
}

void SimNetwork::crash(const PeerId& peer) {
    for (auto it = endpoints_.begin(); it != endpoints_.end();) {
        if (it->second.peer_id != peer) {
            ++it;
            continue;
        }
        for (auto& [id, link] : links_) {
            for (const SideIndex side : {SideIndex{0}, SideIndex{1}}) {
                if (link.sides[side].endpoint != it->first) continue;
                link.sides[side].is_up = false;
                link.sides[side].streams.clear();
                close_side_later(
                    id, 1 - side, options_.idle_timeout, {CloseCause::timeout, "idle timeout"});
            }
        }
        std::erase_if(links_, [](const auto& entry) {
            return !entry.second.sides[0].is_up && !entry.second.sides[1].is_up;
        });
        it = endpoints_.erase(it);
    }
}

// ---- endpoints

Result<Multiaddr, IoError> SimNetwork::listen(EndpointId id,
                                              const Multiaddr& address,
                                              Transport::Accept accept) {
    Endpoint* endpoint = find_endpoint(id);
    if (endpoint == nullptr) return std::unexpected(IoError{"the endpoint is gone"});
    Multiaddr chosen{endpoint->address.ip, address.udp_port, endpoint->peer_id};
    if (chosen.udp_port == 0) chosen.udp_port = endpoint->address.udp_port;
    if (find_listener(chosen) != nullptr) {
        return std::unexpected(
            IoError{"the address is in use: port " + std::to_string(chosen.udp_port)});
    }
    endpoint->address = chosen;
    endpoint->is_listening = true;
    endpoint->accept = std::move(accept);
    return chosen;
}

void SimNetwork::dial(EndpointId id, const Multiaddr& address, Transport::DialDone done) {
    Endpoint* endpoint = find_endpoint(id);
    if (endpoint == nullptr) return;
    const std::uint64_t dial = ++last_id_;
    endpoint->dials.emplace(dial, std::move(done));
    const Time deadline = endpoint->reactor->clock().now() + options_.dial_timeout;
    // Two of the four legs of a handshake: there and back with the first flights.
    Duration delay = draw_latency() + draw_latency();
    if (const Endpoint* target = find_listener(address); target != nullptr) {
        delay += draw_delay(path(endpoint->peer_id, target->peer_id)) +
                 draw_delay(path(target->peer_id, endpoint->peer_id));
    }
    if (delay >= options_.dial_timeout) {
        end_dial(id, dial, options_.dial_timeout, {DialErrorKind::timeout, "no answer"});
        return;
    }
    endpoint->reactor->after(
        delay, [this, id, dial, address, deadline] { dial_arrives(id, dial, address, deadline); });
}

void SimNetwork::dial_arrives(EndpointId from,
                              std::uint64_t dial,
                              const Multiaddr& address,
                              Time deadline) {
    Endpoint* dialler = find_endpoint(from);
    if (dialler == nullptr || !dialler->dials.contains(dial)) return;
    const Duration left = deadline - dialler->reactor->clock().now();
    Endpoint* target = find_listener(address);
    if (target == nullptr || is_cut(dialler->peer_id, target->peer_id)) {
        end_dial(from, dial, left, {DialErrorKind::timeout, "no answer"});
        return;
    }
    if (address.peer_id && *address.peer_id != target->peer_id) {
        end_dial(from,
                 dial,
                 Duration::zero(),
                 {DialErrorKind::wrong_peer, "the peer is " + target->peer_id.to_base58()});
        return;
    }
    const auto found = std::ranges::find_if(
        endpoints_, [target](const auto& entry) { return &entry.second == target; });
    const LinkId id = add_link(from, found->first, address);
    links_.at(id).sides[0].dial_done = std::move(dialler->dials.at(dial));
    dialler->dials.erase(dial);
    target->reactor->after(draw_latency(), [this, id] { accept(id); });
    if (is_drawn(path(dialler->peer_id, target->peer_id).duplicates)) {
        accept_duplicate(from, found->first, address);
    }
}

SimNetwork::LinkId SimNetwork::add_link(EndpointId from,
                                        EndpointId target,
                                        const Multiaddr& dialled) {
    const LinkId id = ++last_id_;
    Link& link = links_[id];
    link.dialled = dialled;
    link.sides[0].endpoint = from;
    link.sides[1].endpoint = target;
    for (const SideIndex side : {SideIndex{0}, SideIndex{1}}) {
        link.sides[side].send_credit = options_.connection_window;
        link.sides[side].next_stream = side;
    }
    return id;
}

void SimNetwork::accept_duplicate(EndpointId from, EndpointId target, const Multiaddr& dialled) {
    ++counters_.duplicate_connections;
    const LinkId id = add_link(from, target, dialled);
    links_.at(id).sides[0].is_up = false;
    find_endpoint(target)->reactor->after(draw_latency(), [this, id] { accept(id); });
    close_side_later(id, 1, options_.idle_timeout, {CloseCause::timeout, "idle timeout"});
}

void SimNetwork::end_dial(EndpointId from, std::uint64_t dial, Duration delay, DialError error) {
    find_endpoint(from)->reactor->after(delay, [this, from, dial, error = std::move(error)] {
        Endpoint* endpoint = find_endpoint(from);
        if (endpoint == nullptr) return;
        auto node = endpoint->dials.extract(dial);
        if (!node.empty()) node.mapped()(std::unexpected(error));
    });
}

void SimNetwork::accept(LinkId id) {
    Link* link = find_link(id);
    if (link == nullptr || !link->sides[1].is_up) return;
    Endpoint* endpoint = find_endpoint(link->sides[1].endpoint);
    if (endpoint == nullptr || !endpoint->is_listening) {
        link->sides[1].is_up = false;
        close_side_later(
            id, 0, options_.dial_timeout, {CloseCause::timeout, "no answer from the peer"});
        return;
    }
    auto connection = make_connection(id, 1);
    if (connection == nullptr) {
        links_.erase(id);
        return;
    }
    send(id, 1, Up{});
    endpoint->accept(std::move(connection));
}

std::unique_ptr<Connection> SimNetwork::make_connection(LinkId id, SideIndex side) {
    Link& link = links_.at(id);
    const Endpoint* remote = find_endpoint(link.sides[1 - side].endpoint);
    // A peer that crashed meanwhile: the connection lives until its idle timeout.
    if (remote == nullptr) return nullptr;
    auto connection = std::make_unique<SimConnection>(*this,
                                                      id,
                                                      side,
                                                      remote->peer_id,
                                                      remote->public_key,
                                                      side == 0 ? link.dialled : remote->address);
    link.sides[side].connection = connection.get();
    return connection;
}

void SimNetwork::stop(EndpointId id) {
    Endpoint* endpoint = find_endpoint(id);
    if (endpoint == nullptr) return;
    endpoint->is_listening = false;
    for (const auto& [dial, done] : endpoint->dials) {
        end_dial(id, dial, Duration::zero(), {DialErrorKind::stopped, "the transport was stopped"});
    }
    for (auto& [link_id, link] : links_) {
        for (const SideIndex side : {SideIndex{0}, SideIndex{1}}) {
            if (link.sides[side].endpoint == id) close(link_id, side, "stopped");
        }
    }
}

void SimNetwork::remove(EndpointId id) {
    if (find_endpoint(id) == nullptr) return;
    stop(id);
    endpoints_.erase(id);
}

// ---- connections

std::unique_ptr<Stream> SimNetwork::open_stream(LinkId id, SideIndex side_index) {
    Link* link = find_link(id);
    if (link == nullptr || !link->sides[side_index].is_up) return nullptr;
    Side& side = link->sides[side_index];
    const auto open = std::ranges::count_if(side.streams, [side_index](const auto& entry) {
        return is_opened_by(entry.first, side_index) && !is_complete(entry.second);
    });
    if (static_cast<std::size_t>(open) >= options_.streams_max) return nullptr;
    const SimStreamId stream = side.next_stream;
    side.next_stream += 2;
    StreamSide& made = side.streams[stream];
    made.has_object = true;
    made.send_credit = options_.stream_window;
    return std::make_unique<SimStream>(*this, id, side_index, stream);
}

void SimNetwork::close(LinkId id, SideIndex side, std::string_view why) {
    Link* link = find_link(id);
    if (link == nullptr || !link->sides[side].is_up) return;
    send(id, side, Close{std::string(why)});
    close_side_later(id, side, Duration::zero(), {CloseCause::local, std::string(why)});
}

void SimNetwork::connection_destroyed(LinkId id, SideIndex side) {
    Link* link = find_link(id);
    if (link == nullptr) return;
    link->sides[side].connection = nullptr;
    link->sides[side].handler = nullptr;
    close(id, side, "closed");
}

void SimNetwork::set_connection_handler(LinkId id, SideIndex side, ConnectionHandler* handler) {
    Link* link = find_link(id);
    if (link == nullptr) return;
    link->sides[side].handler = handler;
    if (handler != nullptr) resume_deliveries(id, side);
}

void SimNetwork::close_side_later(LinkId id, SideIndex side, Duration delay, CloseReason reason) {
    Link* link = find_link(id);
    Endpoint* endpoint = link == nullptr ? nullptr : find_endpoint(link->sides[side].endpoint);
    if (endpoint == nullptr) return;
    endpoint->reactor->after(
        delay, [this, id, side, reason = std::move(reason)] { close_side(id, side, reason); });
}

void SimNetwork::close_side(LinkId id, SideIndex side_index, CloseReason reason) {
    Link* link = find_link(id);
    if (link == nullptr || !link->sides[side_index].is_up) return;
    Side& side = link->sides[side_index];
    side.is_up = false;
    auto streams = std::exchange(side.streams, {});
    auto dial_done = std::exchange(side.dial_done, {});
    Connection* connection = side.connection;
    ConnectionHandler* handler = std::exchange(side.handler, nullptr);
    const bool is_last = !link->sides[1 - side_index].is_up;
    if (reason.cause == CloseCause::timeout) {
        ++counters_.timeouts;
        close_side_later(id, 1 - side_index, options_.idle_timeout, reason);
    }
    if (is_last) links_.erase(id);

    if (dial_done) {
        dial_done(std::unexpected(DialError{DialErrorKind::timeout, reason.what}));
        return;
    }
    for (auto& [stream_id, stream] : streams) {
        const bool done = is_complete(stream) && stream.end_sent;
        if (stream.handler != nullptr && !done) stream.handler->on_error({0, reason.what});
    }
    if (handler != nullptr && connection != nullptr) handler->on_closed(*connection, reason);
}

// ---- streams

bool SimNetwork::write(LinkId id, SideIndex side, SimStreamId stream_id, Bytes bytes) {
    StreamSide* stream = find_stream(id, side, stream_id);
    if (stream == nullptr || stream->finishing) return false;
    if (bytes.size() > Stream::kQueueSizeMax - stream->queue_size) return false;
    if (bytes.empty()) return true;
    stream->queue_size += bytes.size();
    stream->queue.push_back(std::move(bytes));
    pump(id, side, stream_id);
    stream->above_low = stream->above_low || stream->queue_size >= Stream::kQueueSizeLow;
    return true;
}

void SimNetwork::pump(LinkId id, SideIndex side_index, SimStreamId stream_id) {
    StreamSide* stream = find_stream(id, side_index, stream_id);
    if (stream == nullptr) return;
    Side& side = links_.at(id).sides[side_index];
    while (!stream->queue.empty()) {
        const ByteView front = ByteView(stream->queue.front()).subspan(stream->front_sent);
        const std::size_t size =
            std::min({front.size(), options_.read_size_max, stream->send_credit, side.send_credit});
        if (size == 0) break;
        Bytes piece = to_bytes(front.first(size));
        stream->front_sent += size;
        if (size == front.size()) {
            stream->queue.pop_front();
            stream->front_sent = 0;
        }
        stream->queue_size -= size;
        stream->send_credit -= size;
        side.send_credit -= size;
        send(id, side_index, Data{stream_id, std::move(piece)});
    }
    if (stream->queue.empty() && stream->finishing && !stream->end_sent) {
        stream->end_sent = true;
        send(id, side_index, End{stream_id});
        if (!stream->has_object) erase_stream(id, side_index, stream_id);
    }
}

void SimNetwork::consume(LinkId id, SideIndex side, SimStreamId stream_id, std::size_t size) {
    StreamSide* stream = find_stream(id, side, stream_id);
    if (stream == nullptr) return;
    LEPTON_ASSERT(size <= stream->unread, "more consumed than was delivered");
    stream->unread -= size;
    stream->owed += size;
    if (stream->owed >= options_.stream_window / 4) {
        send(id, side, Credit{stream_id, std::exchange(stream->owed, 0), 0});
    }
    return_connection_credit(id, side, size);
}

void SimNetwork::return_connection_credit(LinkId id, SideIndex side_index, std::size_t size) {
    Side& side = links_.at(id).sides[side_index];
    side.owed += size;
    if (side.owed >= options_.connection_window / 4) {
        send(id, side_index, Credit{0, 0, std::exchange(side.owed, 0)});
    }
}

void SimNetwork::finish(LinkId id, SideIndex side, SimStreamId stream_id) {
    StreamSide* stream = find_stream(id, side, stream_id);
    if (stream == nullptr || stream->finishing) return;
    stream->finishing = true;
    pump(id, side, stream_id);
}

void SimNetwork::reset(LinkId id, SideIndex side, SimStreamId stream_id, std::uint64_t code) {
    if (find_stream(id, side, stream_id) == nullptr) return;
    send(id, side, Reset{stream_id, code});
    erase_stream(id, side, stream_id);
}

void SimNetwork::stream_destroyed(LinkId id, SideIndex side, SimStreamId stream_id) {
    StreamSide* stream = find_stream(id, side, stream_id);
    if (stream == nullptr) return;
    if (!is_complete(*stream)) {
        reset(id, side, stream_id, 0);
    } else if (stream->end_sent) {
        erase_stream(id, side, stream_id);
    } else {
        stream->has_object = false;
        stream->handler = nullptr;
    }
}

void SimNetwork::erase_stream(LinkId id, SideIndex side, SimStreamId stream_id) {
    StreamSide* stream = find_stream(id, side, stream_id);
    if (stream == nullptr) return;
    const std::size_t unread = stream->unread;
    links_.at(id).sides[side].streams.erase(stream_id);
    return_connection_credit(id, side, unread);
}

// ---- events

void SimNetwork::send(LinkId id, SideIndex from, Event event) {
    Link& link = links_.at(id);
    const SideIndex to = 1 - from;
    if (find_endpoint(link.sides[from].endpoint) == nullptr) return;
    Endpoint* receiver = find_endpoint(link.sides[to].endpoint);
    if (receiver == nullptr || !link.sides[to].is_up) return;
    Side& side = link.sides[to];
    const SimPath& way = path_to(link, to);
    const Time now = receiver->reactor->clock().now();
    Time sent = now;
    if (const auto* data = std::get_if<Data>(&event); data != nullptr && way.bytes_per_second > 0) {
        if (side.way_free_at > now) ++counters_.queued;
        side.way_free_at = std::max(side.way_free_at, now) + Duration(std::chrono::seconds(1)) *
                                                                 data->bytes.size() /
                                                                 way.bytes_per_second;
        sent = side.way_free_at;
    }
    const Duration delay = draw_delay(way);
    side.last_due = std::max(side.last_due, sent + draw_latency() + delay);
    side.inbox.push_back(std::move(event));
    if (delay >= options_.idle_timeout) {
        close_side_later(
            id, to, options_.idle_timeout, {CloseCause::timeout, "nothing came through"});
    }
    schedule_delivery(id, to, side.last_due);
}

void SimNetwork::schedule_delivery(LinkId id, SideIndex to, Time due) {
    Reactor& reactor = *find_endpoint(links_.at(id).sides[to].endpoint)->reactor;
    reactor.after(due - reactor.clock().now(), [this, id, to] { deliver_next(id, to); });
}

void SimNetwork::resume_deliveries(LinkId id, SideIndex side_index) {
    Link* link = find_link(id);
    if (link == nullptr) return;
    Side& side = link->sides[side_index];
    const Endpoint* endpoint = find_endpoint(side.endpoint);
    if (endpoint == nullptr) return;
    for (std::size_t left = std::exchange(side.stalled, 0); left > 0; --left) {
        schedule_delivery(id, side_index, endpoint->reactor->clock().now());
    }
}

void SimNetwork::deliver_next(LinkId id, SideIndex to) {
    Link* link = find_link(id);
    if (link == nullptr || !link->sides[to].is_up || link->sides[to].inbox.empty()) return;
    Side& side = link->sides[to];
    // A user that has no handler yet makes everything wait, as unread datagrams would.
    const bool is_dialling = static_cast<bool>(side.dial_done);
    const bool is_waiting = !is_dialling && side.connection != nullptr && side.handler == nullptr;
    if (path_to(*link, to).is_blocked || is_waiting) {
        ++side.stalled;
        return;
    }
    Event event = std::move(side.inbox.front());
    side.inbox.pop_front();
    std::visit([&](auto& what) { on_event(id, to, std::move(what)); }, event);
}

void SimNetwork::on_event(LinkId id, SideIndex to, Up) {
    auto done = std::exchange(links_.at(id).sides[to].dial_done, {});
    auto connection = make_connection(id, to);
    if (connection == nullptr) {
        close_side(id, to, {CloseCause::timeout, "idle timeout"});
        done(std::unexpected(DialError{DialErrorKind::timeout, "no answer from the peer"}));
        return;
    }
    done(std::move(connection));
}

SimNetwork::StreamSide* SimNetwork::accept_stream(LinkId id, SideIndex to, SimStreamId stream) {
    if (StreamSide* known = find_stream(id, to, stream); known != nullptr) return known;
    Side& side = links_.at(id).sides[to];
    if (is_opened_by(stream, to) || stream < side.remote_stream_end) return nullptr;
    if (side.handler == nullptr) return nullptr;
    side.remote_stream_end = stream + 1;
    StreamSide& made = side.streams[stream];
    made.has_object = true;
    made.send_credit = options_.stream_window;
    if (path_to(links_.at(id), to).duplicates > 0) made.received.emplace();
    side.handler->on_stream(*side.connection, std::make_unique<SimStream>(*this, id, to, stream));
    return find_stream(id, to, stream);
}

void SimNetwork::on_event(LinkId id, SideIndex to, Data event) {
    StreamSide* stream = accept_stream(id, to, event.stream);
    if (stream == nullptr) {
        if (find_link(id) != nullptr) return_connection_credit(id, to, event.bytes.size());
        return;
    }
    if (stream->handler == nullptr) {
        // Put back: set_handler resumes.
        Side& side = links_.at(id).sides[to];
        side.inbox.push_front(std::move(event));
        ++side.stalled;
        return;
    }
    stream->unread += event.bytes.size();
    if (stream->received) {
        append(*stream->received, event.bytes);
        if (stream->received->size() > kDuplicateSizeMax) stream->received.reset();
    }
    stream->handler->on_data(event.bytes);
}

void SimNetwork::on_event(LinkId id, SideIndex to, End event) {
    StreamSide* stream = accept_stream(id, to, event.stream);
    if (stream == nullptr) return;
    stream->end_received = true;
    if (stream->received && is_drawn(path_to(links_.at(id), to).duplicates)) {
        const Bytes request = std::move(*stream->received);
        repeat_request(id, to, request);
        stream = find_stream(id, to, event.stream);
    }
    StreamHandler* handler = stream->handler;
    if (!stream->has_object && stream->end_sent) erase_stream(id, to, event.stream);
    if (handler != nullptr) handler->on_end();
}

void SimNetwork::repeat_request(LinkId id, SideIndex to, ByteView bytes) {
    Side& sender = links_.at(id).sides[1 - to];
    if (!sender.is_up || sender.send_credit < bytes.size()) return;
    ++counters_.duplicate_requests;
    // The sender knows nothing of this stream, so what comes back on it goes nowhere.
    const SimStreamId stream = sender.next_stream;
    sender.next_stream += 2;
    sender.send_credit -= bytes.size();
    for (ByteView rest = bytes; !rest.empty();) {
        const ByteView piece = rest.first(std::min(rest.size(), options_.read_size_max));
        send(id, 1 - to, Data{stream, to_bytes(piece)});
        rest = rest.subspan(piece.size());
    }
    send(id, 1 - to, End{stream});
}

void SimNetwork::on_event(LinkId id, SideIndex to, Reset event) {
    StreamSide* stream = find_stream(id, to, event.stream);
    if (stream == nullptr) return;
    StreamHandler* handler = stream->handler;
    const bool is_done = is_complete(*stream) && stream->end_sent;
    erase_stream(id, to, event.stream);
    if (handler != nullptr && !is_done) handler->on_error({event.code, "reset by the peer"});
}

void SimNetwork::on_event(LinkId id, SideIndex to, Credit event) {
    Side& side = links_.at(id).sides[to];
    side.send_credit += event.connection_size;
    if (StreamSide* stream = find_stream(id, to, event.stream); stream != nullptr) {
        stream->send_credit += event.stream_size;
    }
    std::vector<SimStreamId> waiting;
    for (const auto& [stream_id, stream] : side.streams) {
        if (!stream.queue.empty()) waiting.push_back(stream_id);
    }
    for (const SimStreamId stream_id : waiting) {
        pump(id, to, stream_id);
        StreamSide* stream = find_stream(id, to, stream_id);
        if (stream == nullptr || !stream->above_low) continue;
        if (stream->queue_size >= Stream::kQueueSizeLow) continue;
        stream->above_low = false;
        if (stream->handler != nullptr) stream->handler->on_writable();
    }
}

void SimNetwork::on_event(LinkId id, SideIndex to, Close event) {
    close_side(id, to, {CloseCause::remote, std::move(event.why)});
}

}  // namespace lepton::libp2p
