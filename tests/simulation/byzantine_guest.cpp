// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "byzantine_guest.hpp"

#include "base/assert.hpp"
#include "p2p/snappy_block.hpp"

#include <algorithm>

namespace lepton::simulation {
namespace {

constexpr Duration kTick = std::chrono::milliseconds{400};
/// Far from the numbers of nodes; each face may use up so many.
constexpr std::uint32_t kFirstIdentity = 100'000;
constexpr std::uint32_t kIdentitiesPerFace = 1'000;
constexpr std::uint64_t kWithheldSlots = 2;
constexpr std::size_t kGarbagePerTick = 2;

const p2p::Topic kBlocks{p2p::TopicKind::block, {}};
const p2p::Topic kVotes{p2p::TopicKind::attestation, {}};
const p2p::Topic kAggregates{p2p::TopicKind::aggregation, {}};

/// Every second node from `first` on.
std::vector<libp2p::Multiaddr> half_of(const std::vector<libp2p::Multiaddr>& nodes,
                                       std::size_t first) {
    std::vector<libp2p::Multiaddr> half;
    for (std::size_t i = first; i < nodes.size(); i += 2) half.push_back(nodes[i]);
    return half;
}

std::uint32_t first_identity(const GuestSetup& setup, std::uint32_t face) {
    const auto guest = static_cast<std::uint32_t>(setup.number);
    return kFirstIdentity + (2 * guest + face) * kIdentitiesPerFace;
}

}  // namespace

std::string_view to_string(Misbehaviour what) {
    static constexpr std::array<std::string_view, kMisbehaviours> kNames{"equivocating_proposer",
                                                                         "equivocating_attester",
                                                                         "withholding_proposer",
                                                                         "junk_forks",
                                                                         "lying_status",
                                                                         "wrong_answers",
                                                                         "garbage_gossip",
                                                                         "request_storm"};
    return kNames.at(static_cast<std::size_t>(what));
}

ByzantineGuest::ByzantineGuest(const GuestSetup& setup)
    : world_(setup.world),
      key_uses_(setup.key_uses),
      random_(setup.seed),
      machine_(setup.world.simulator, setup.seed),
      chain_(world_, machine_.clock(), setup.validators.at(0)),
      faces_{
          GuestPeer{
              world_,
              machine_,
              random_,
              first_identity(setup, 0),
              half_of(setup.nodes, 0),
              {.on_gossip = [this](const auto& topic, ByteView ssz) { on_gossip(topic, ssz); },
               .answer = [this](auto protocol, ByteView ssz) { return answer(protocol, ssz); }}},
          GuestPeer{
              world_,
              machine_,
              random_,
              first_identity(setup, 1),
              half_of(setup.nodes, 1),
              {.on_gossip = [this](const auto& topic, ByteView ssz) { on_gossip(topic, ssz); },
               .answer = [this](auto protocol, ByteView ssz) { return answer(protocol, ssz); }}}} {
    LEPTON_ASSERT(setup.validators.size() == 1);
}

void ByzantineGuest::start() {
    for (GuestPeer& face : faces_) face.start();
    tick();
}

void ByzantineGuest::begin(const Fault& fault) {
    active_.push_back(misbehaviour_of(fault));
}

void ByzantineGuest::end(const Fault& fault) {
    const auto one = std::ranges::find(active_, misbehaviour_of(fault));
    if (one != active_.end()) active_.erase(one);
}

std::uint64_t ByzantineGuest::deeds() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : done_) sum += count;
    return sum;
}

bool ByzantineGuest::does(Misbehaviour what) const {
    return std::ranges::find(active_, what) != active_.end();
}

Slot ByzantineGuest::current_slot() const {
    const UnixMs genesis_ms = world_.genesis.genesis_time * 1000;
    const UnixMs now = machine_.clock().unix_ms();
    if (now < genesis_ms) return Slot{0};
    return Slot{(now - genesis_ms) / world_.genesis.profile.milliseconds_per_slot()};
}

Root ByzantineGuest::random_root() {
    Root root;
    random_.fill(root.bytes);
    return root;
}

Bytes ByzantineGuest::random_bytes(std::size_t size) {
    Bytes bytes(size);
    random_.fill(bytes);
    return bytes;
}

void ByzantineGuest::publish(const p2p::Topic& topic, const Bytes& ssz) {
    for (GuestPeer& face : faces_) face.publish(topic, ssz);
}

void ByzantineGuest::tick() {
    const Slot slot = current_slot();
    if (chain_.proposes(slot) && slot > last_proposal_) {
        last_proposal_ = slot;
        propose(slot);
    }
    publish_withheld(slot);
    if (does(Misbehaviour::junk_forks)) publish_junk_fork(slot);
    if (does(Misbehaviour::garbage_gossip)) publish_garbage(slot);
    if (does(Misbehaviour::lying_status)) tell_lies();
    if (does(Misbehaviour::request_storm)) ask_too_much();
    machine_.after(kTick, [this] { tick(); });
}

// ---- with its own keys

void ByzantineGuest::propose(Slot slot) {
    const Root tip = chain_.tip();
    if (slot <= chain_.slot_of(tip)) return;
    auto block = chain_.make_block(tip, slot, true);
    if (!block) block = chain_.make_block(tip, slot, false);
    if (!block) return;
    const Root parent = chain_.parent_of(tip);
    if (does(Misbehaviour::equivocating_proposer)) {
        // On another parent, or at least with other votes.
        const auto other = chain_.make_block(parent, slot, false);
        if (other && !(other->block == block->block)) {
            faces_[0].publish(kBlocks, ssz::encode(*block));
            faces_[1].publish(kBlocks, ssz::encode(*other));
            count(Misbehaviour::equivocating_proposer);
            return;
        }
    }
    if (does(Misbehaviour::wrong_answers)) {
        if (auto orphan = make_orphan(slot)) return publish(kBlocks, ssz::encode(*orphan));
    }
    if (does(Misbehaviour::withholding_proposer)) {
        withheld_.emplace_back(slot + kWithheldSlots, *std::move(block));
        count(Misbehaviour::withholding_proposer);
        return;
    }
    chain_.add(*block);
    publish(kBlocks, ssz::encode(*block));
}

std::optional<SignedBlock> ByzantineGuest::make_orphan(Slot slot) {
    const std::uint64_t round = world_.genesis.validators->size();
    if (slot.value <= round) return std::nullopt;
    const Slot earlier{slot.value - round};
    Root ancestor = chain_.tip();
    while (chain_.slot_of(ancestor) >= earlier && chain_.parent_of(ancestor) != ancestor) {
        ancestor = chain_.parent_of(ancestor);
    }
    if (chain_.slot_of(ancestor) >= earlier) return std::nullopt;
    const auto hidden = chain_.make_block(ancestor, earlier, false);
    if (!hidden) return std::nullopt;
    chain_.add(*hidden);
    return chain_.make_block(hash_tree_root(hidden->block), slot, false);
}

void ByzantineGuest::publish_withheld(Slot slot) {
    std::erase_if(withheld_, [&](const auto& each) {
        if (slot < each.first) return false;
        publish(kBlocks, ssz::encode(each.second));
        return true;
    });
}

void ByzantineGuest::on_vote(const SignedAttestation& vote) {
    const Slot slot = vote.data.slot;
    if (!does(Misbehaviour::equivocating_attester) || slot <= last_equivocation_) return;
    last_equivocation_ = slot;
    // What an honest validator votes for, and the same with an older head.
    AttestationData other = vote.data;
    other.head = other.target;
    if (other == vote.data) return;
    faces_[0].publish(kVotes, ssz::encode(chain_.sign(vote.data)));
    faces_[1].publish(kVotes, ssz::encode(chain_.sign(other)));
    count(Misbehaviour::equivocating_attester);
}

// ---- what no key makes valid

void ByzantineGuest::publish_junk_fork(Slot slot) {
    count(Misbehaviour::junk_forks);
    SignedBlock junk;
    if (const SignedBlock* known = chain_.find(chain_.tip())) junk = *known;
    const std::uint64_t validators = world_.genesis.validators->size();
    switch (random_.below(5)) {
        case 0:  // nobody knows its parent
            junk.block.parent_root = random_root();
            junk.block.slot = slot;
            junk.block.proposer_index = ValidatorIndex{slot.value % validators};
            break;
        case 1:  // a right block with a wrong state
            junk.block.state_root = random_root();
            break;
        case 2:  // on the head, at any slot, with another's proof
            junk.block.parent_root = chain_.tip();
            junk.block.slot = slot + random_.below(3);
            junk.block.proposer_index = ValidatorIndex{junk.block.slot.value % validators};
            break;
        case 3:  // a proof of noise
            junk.block.slot = slot;
            junk.proof.proof = ProofBytes(random_bytes(random_.below(2000)));
            break;
        default:  // far in the future
            junk.block.slot = slot + 1 + random_.below(UINT64_MAX / 2);
            junk.block.proposer_index = ValidatorIndex{junk.block.slot.value % validators};
            break;
    }
    publish(kBlocks, ssz::encode(junk));
}

void ByzantineGuest::publish_garbage(Slot slot) {
    for (std::size_t i = 0; i < kGarbagePerTick; ++i) {
        count(Misbehaviour::garbage_gossip);
        const p2p::Topic topics[] = {kBlocks, kVotes, kAggregates};
        const p2p::Topic& topic = topics[random_.below(3)];
        const Bytes noise = random_bytes(random_.below(3000));
        switch (random_.below(4)) {
            case 0:
                for (GuestPeer& face : faces_) face.publish_raw(topic, noise);
                break;
            case 1:
                publish(topic, noise);
                break;
            case 2: {  // a vote in the name of anybody
                AttestationData data{slot, {random_root(), slot}, {}, {}};
                SignedAttestation vote = chain_.sign(data);
                vote.validator_index =
                    ValidatorIndex{random_.below(world_.genesis.validators->size() + 1)};
                publish(kVotes, ssz::encode(vote));
                break;
            }
            default: {  // a vote for what is to come
                const Slot later = slot + random_.below(20);
                const Checkpoint at{chain_.tip(), later};
                publish(kVotes, ssz::encode(chain_.sign({later, at, at, at})));
                break;
            }
        }
    }
}

void ByzantineGuest::tell_lies() {
    count(Misbehaviour::lying_status);
    for (GuestPeer& face : faces_) face.request(p2p::RequestProtocol::status, status());
}

void ByzantineGuest::ask_too_much() {
    count(Misbehaviour::request_storm);
    BlocksByRootRequest all;
    all.roots.push_back(chain_.tip());
    while (all.roots.size() < kMaxRequestBlocks) all.roots.push_back(random_root());
    const BlocksByRangeRequest range{Slot{0}, kMaxRequestBlocks + random_.below(2)};
    for (GuestPeer& face : faces_) {
        for (int i = 0; i < 4; ++i) {
            face.request(p2p::RequestProtocol::blocks_by_root, ssz::encode(all));
            face.request(p2p::RequestProtocol::blocks_by_range, ssz::encode(range));
            face.request(p2p::RequestProtocol::status, status());
        }
    }
}

// ---- what others say and ask

void ByzantineGuest::on_gossip(const p2p::Topic& topic, ByteView ssz) {
    const ssz::DecodeContext context = decode_context(world_.genesis.profile);
    const Validators& validators = *world_.genesis.validators;
    const auto is_validator = [&](ValidatorIndex index) { return index.value < validators.size(); };
    switch (topic.kind) {
        case p2p::TopicKind::block: {
            const auto block = ssz::decode<SignedBlock>(ssz, context);
            if (block) chain_.add(*block);
            return;
        }
        case p2p::TopicKind::aggregation: {
            const auto aggregate = ssz::decode<SignedAggregatedAttestation>(ssz, context);
            if (aggregate) chain_.add(*aggregate);
            return;
        }
        case p2p::TopicKind::attestation: {
            const auto vote = ssz::decode<SignedAttestation>(ssz, context);
            if (!vote || !is_validator(vote->validator_index)) return;
            const PublicKey& key = validators[vote->validator_index.value].attestation_public_key;
            const Root message = hash_tree_root(vote->data);
            const bool is_genuine = world_.scheme
                                        .verify({.public_key = key.bytes(),
                                                 .slot = vote->data.slot.value,
                                                 .message = message.bytes,
                                                 .signature = vote->signature.bytes})
                                        .has_value();
            if (!is_genuine) return;
            key_uses_.note(key.bytes(), vote->data.slot.value, message.bytes, "a guest, by gossip");
            on_vote(*vote);
            return;
        }
    }
}

Bytes ByzantineGuest::status() {
    const Root tip = chain_.tip();
    Status said{.finalized = {}, .head = {tip, chain_.slot_of(tip)}};
    if (does(Misbehaviour::lying_status)) {
        const Slot far{random_.below(2) == 0 ? current_slot().value + random_.below(100)
                                             : random_.next_u64()};
        said.head = {random_root(), far};
        if (random_.below(2) == 0) said.finalized = {random_root(), far};
    }
    return ssz::encode(said);
}

std::optional<Bytes> ByzantineGuest::answer(p2p::RequestProtocol protocol, ByteView ssz) {
    if (protocol == p2p::RequestProtocol::status) return p2p::encode_response_chunk(status());
    if (does(Misbehaviour::wrong_answers)) return answer_wrongly();
    Bytes out;
    if (protocol == p2p::RequestProtocol::blocks_by_root) {
        const auto request =
            ssz::decode<BlocksByRootRequest>(ssz, decode_context(world_.genesis.profile));
        if (!request) return p2p::encode_error_chunk(p2p::ResponseCode::invalid_request, "what?");
        for (const Root& root : request->roots) {
            const SignedBlock* block = chain_.find(root);
            if (block != nullptr) append(out, p2p::encode_response_chunk(ssz::encode(*block)));
        }
    }
    return out;
}

std::optional<Bytes> ByzantineGuest::answer_wrongly() {
    count(Misbehaviour::wrong_answers);
    const SignedBlock* tip = chain_.find(chain_.tip());
    switch (random_.below(6)) {
        case 0:
            return Bytes{};
        case 1:
            return tip == nullptr ? Bytes{} : p2p::encode_response_chunk(ssz::encode(*tip));
        case 2:
            return p2p::encode_error_chunk(p2p::ResponseCode::server_error, "no");
        case 3:
            return random_bytes(1 + random_.below(500));
        case 4:
            return p2p::encode_response_chunk(random_bytes(random_.below(500)));
        default:
            return std::nullopt;
    }
}

GuestFactory byzantine_guests() {
    return [](const GuestSetup& setup) { return std::make_unique<ByzantineGuest>(setup); };
}

}  // namespace lepton::simulation
