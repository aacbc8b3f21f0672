// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec/proofs.hpp"

namespace lepton::spec {
namespace {

/// What the vector says of one component.
struct Component {
    AttestationData data;
    std::vector<PublicKey> public_keys;
};

std::vector<Component> read_components(const json::object& body) {
    const json::array& data = as_array(at(body, "attestationDataPerMessage"));
    const json::array& keys = as_array(at(body, "publicKeysPerMessage"));
    const json::array& bits = as_array(at(body, "aggregationBitsPerMessage"));
    if (keys.size() != data.size() || bits.size() != data.size()) {
        throw BadVector("lists of different lengths");
    }
    std::vector<Component> components;
    for (std::size_t i = 0; i < data.size(); ++i) {
        components.push_back({read_as<AttestationData>(data[i]), read_keys(keys[i])});
        if (read_as<AggregationBits>(bits[i]).ones().size() != components[i].public_keys.size()) {
            throw BadVector("another number of keys than of participants");
        }
    }
    return components;
}

/// One claim per message. A vector may lack the message of a component; its proof then has more
/// components than are claimed.
std::vector<aggregation::Claim> read_claims(const json::object& body,
                                            const std::vector<Component>& components) {
    const json::array& messages = as_array(at(body, "messages"));
    const json::array& slots = as_array(at(body, "slots"));
    if (slots.size() != messages.size() || messages.size() > components.size()) {
        throw BadVector("lists of different lengths");
    }
    std::vector<aggregation::Claim> claims;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        claims.push_back(
            {components[i].public_keys, read_as<Root>(messages[i]), read_as<Slot>(slots[i])});
    }
    return claims;
}

Verdict expect_honest(const std::vector<Component>& components,
                      const std::vector<aggregation::Claim>& claims) {
    if (auto same = expect_equal("messages", claims.size(), components.size()); !same) return same;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const AttestationData& data = components[i].data;
        if (auto same = expect_equal("message", hash_tree_root(data), claims[i].message); !same) {
            return same;
        }
        if (auto same = expect_equal("slot", data.slot, claims[i].slot); !same) return same;
    }
    return {};
}

}  // namespace

Verdict run_verify_multi_message_proofs(const Vector& vector) {
    vector_members(vector,
                   {"rejectionReason",
                    "attestationDataPerMessage",
                    "publicKeysPerMessage",
                    "aggregationBitsPerMessage",
                    "messages",
                    "slots",
                    "proof"});
    const std::vector<Component> components = read_components(vector.body);
    auto claims = read_claims(vector.body, components);
    const MultiMessageAggregate aggregate{read_as<ProofBytes>(at(vector.body, "proof"))};
    const json::value* reason = find(vector.body, "rejectionReason");
    if (reason == nullptr) {
        if (auto honest = expect_honest(components, claims); !honest) return honest;
    }
    require_real_proofs(vector.body);
    return expect_outcome(
        ProofBench(vector.body).verify(aggregation::VerifyMultiJob{std::move(claims), aggregate}),
        reason);
}

}  // namespace lepton::spec
