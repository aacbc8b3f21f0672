// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A validator that works against the network: while a byzantine fault names it, it does one of the
// things below; otherwise it proposes and is silent. It has two faces, each with identities of its
// own and each connected to one half of the nodes, so that it can tell the halves different things.
// One thread.
#pragma once

#include "guest.hpp"
#include "guest_chain.hpp"
#include "guest_peer.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lepton::simulation {

enum class Misbehaviour : std::uint8_t {
    equivocating_proposer,  ///< two valid blocks for one slot, one for each half
    equivocating_attester,  ///< two valid votes for one slot, one for each half
    withholding_proposer,   ///< a valid block that is published two slots late
    junk_forks,     ///< blocks with unknown parents, wrong roots, forged proofs, wrong slots
    lying_status,   ///< heads and finalized blocks that do not exist
    wrong_answers,  ///< to requests that it provokes: other blocks, nothing, errors, noise, silence
    garbage_gossip,  ///< noise, cut messages, forged votes, votes of the future
    request_storm,   ///< more and larger requests than anybody needs
};
inline constexpr std::size_t kMisbehaviours = 8;
std::string_view to_string(Misbehaviour what);

class ByzantineGuest final : public Guest {
  public:
    /// Requires one validator in `setup`.
    explicit ByzantineGuest(const GuestSetup& setup);

    libp2p::PeerId peer_id() const override { return faces_[0].peer_id(); }
    void start() override;
    /// What it does is drawn from the fault's intensity.
    void begin(const Fault& fault) override;
    void end(const Fault& fault) override;
    std::uint64_t deeds() const override;
    std::uint64_t deeds(Misbehaviour what) const { return done_[static_cast<std::size_t>(what)]; }

    static Misbehaviour misbehaviour_of(const Fault& fault) {
        return static_cast<Misbehaviour>(fault.intensity % kMisbehaviours);
    }

  private:
    bool does(Misbehaviour what) const;
    void count(Misbehaviour what) { ++done_[static_cast<std::size_t>(what)]; }
    Slot current_slot() const;
    Root random_root();
    Bytes random_bytes(std::size_t size);
    /// To both halves.
    void publish(const p2p::Topic& topic, const Bytes& ssz);

    void tick();
    void propose(Slot slot);
    /// Returns a valid block whose parent, a block of our slot before, nobody was told of: it makes
    /// the nodes ask for it.
    std::optional<SignedBlock> make_orphan(Slot slot);
    void publish_withheld(Slot slot);
    void publish_junk_fork(Slot slot);
    void publish_garbage(Slot slot);
    void tell_lies();
    void ask_too_much();

    void on_gossip(const p2p::Topic& topic, ByteView ssz);
    void on_vote(const SignedAttestation& vote);
    std::optional<Bytes> answer(p2p::RequestProtocol protocol, ByteView ssz);
    std::optional<Bytes> answer_wrongly();
    Bytes status();

    const SimWorld world_;
    KeyUses& key_uses_;
    SeededRandom random_;
    SimMachine machine_;
    GuestChain chain_;
    std::array<GuestPeer, 2> faces_;
    std::vector<Misbehaviour> active_;
    std::array<std::uint64_t, kMisbehaviours> done_{};
    Slot last_proposal_;
    Slot last_equivocation_;
    /// With the slot in which it is to be published.
    std::vector<std::pair<Slot, SignedBlock>> withheld_;
};

/// Makes byzantine guests.
GuestFactory byzantine_guests();

}  // namespace lepton::simulation
