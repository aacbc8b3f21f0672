// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "spec_driver/json.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lepton::spec_driver {
namespace {

template <class T>
void member(const json::value& value, std::string_view key, T& out) {
    const json::value& found = at(as_object(value), key);
    try {
        read(found, out);
    } catch (const BadVector& error) {
        throw BadVector(fmt::format("{}: {}", key, error.what()));
    }
}

}  // namespace

const json::value& at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) throw BadVector(fmt::format("member '{}' is missing", key));
    return *value;
}

const json::value* find(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void allow_only(const json::object& object, const std::vector<std::string_view>& keys) {
    for (const auto& member : object) {
        if (std::ranges::find(keys, std::string_view(member.key())) == keys.end()) {
            throw BadVector(fmt::format("unknown member '{}'", std::string_view(member.key())));
        }
    }
}

const json::object& as_object(const json::value& value) {
    if (!value.is_object()) throw BadVector("an object was expected");
    return value.get_object();
}

const json::array& as_array(const json::value& value) {
    if (!value.is_array()) throw BadVector("an array was expected");
    return value.get_array();
}

std::string_view as_string(const json::value& value) {
    if (!value.is_string()) throw BadVector("a string was expected");
    return value.get_string();
}

bool as_bool(const json::value& value) {
    if (!value.is_bool()) throw BadVector("a boolean was expected");
    return value.get_bool();
}

std::uint64_t as_u64(const json::value& value) {
    if (value.is_string()) {
        const std::string_view text = as_string(value);
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size()) {
            throw BadVector(fmt::format("{} is no number", log::quoted(text)));
        }
        return number;
    }
    boost::system::error_code error;
    const auto number = value.to_number<std::uint64_t>(error);
    if (error) throw BadVector("a number was expected");
    return number;
}

Bytes as_bytes(const json::value& value) {
    auto bytes = from_hex(as_string(value));
    if (!bytes) throw BadVector(bytes.error());
    return *bytes;
}

const json::value& data_of(const json::value& value) {
    return at(as_object(value), "data");
}

void read(const json::value& value, Root& out) {
    read(value, out.bytes);
}

void read(const json::value& value, PublicKey& out) {
    const Bytes bytes = as_bytes(value);
    if (bytes.size() > PublicKey::kSizeMax) throw BadVector("public key too long");
    out = PublicKey(bytes);
}

void read(const json::value& value, Signature& out) {
    out.bytes = as_bytes(value);
}

void read(const json::value& value, ssz::Bits& out) {
    for (const json::value& bit : as_array(data_of(value))) out.push_back(as_bool(bit));
}

void read(const json::value& value, Checkpoint& out) {
    member(value, "root", out.root);
    member(value, "slot", out.slot);
}

void read(const json::value& value, AttestationData& out) {
    member(value, "slot", out.slot);
    member(value, "head", out.head);
    member(value, "target", out.target);
    member(value, "source", out.source);
}

void read(const json::value& value, Attestation& out) {
    member(value, "validatorIndex", out.validator_index);
    member(value, "data", out.data);
}

void read(const json::value& value, SignedAttestation& out) {
    member(value, "validatorIndex", out.validator_index);
    member(value, "data", out.data);
    member(value, "signature", out.signature);
}

void read(const json::value& value, AggregatedAttestation& out) {
    member(value, "aggregationBits", out.aggregation_bits);
    member(value, "data", out.data);
}

void read(const json::value& value, SingleMessageAggregate& out) {
    member(value, "participants", out.participants);
    member(value, "proof", out.proof);
}

void read(const json::value& value, MultiMessageAggregate& out) {
    member(value, "proof", out.proof);
}

void read(const json::value& value, SignedAggregatedAttestation& out) {
    member(value, "data", out.data);
    member(value, "proof", out.proof);
}

void read(const json::value& value, BlockBody& out) {
    member(value, "attestations", out.attestations);
}

void read(const json::value& value, BlockHeader& out) {
    member(value, "slot", out.slot);
    member(value, "proposerIndex", out.proposer_index);
    member(value, "parentRoot", out.parent_root);
    member(value, "stateRoot", out.state_root);
    member(value, "bodyRoot", out.body_root);
}

void read(const json::value& value, Block& out) {
    member(value, "slot", out.slot);
    member(value, "proposerIndex", out.proposer_index);
    member(value, "parentRoot", out.parent_root);
    member(value, "stateRoot", out.state_root);
    member(value, "body", out.body);
}

void read(const json::value& value, SignedBlock& out) {
    member(value, "block", out.block);
    member(value, "proof", out.proof);
}

void read(const json::value& value, GenesisConfig& out) {
    member(value, "genesisTime", out.genesis_time);
}

void read(const json::value& value, Validator& out) {
    member(value, "attestationPublicKey", out.attestation_public_key);
    member(value, "proposalPublicKey", out.proposal_public_key);
    member(value, "index", out.index);
}

void read(const json::value& value, State& out) {
    Validators validators;
    member(value, "validators", validators);
    out.validators = std::make_shared<const Validators>(std::move(validators));
    member(value, "config", out.config);
    member(value, "slot", out.slot);
    member(value, "latestBlockHeader", out.latest_block_header);
    member(value, "latestJustified", out.latest_justified);
    member(value, "latestFinalized", out.latest_finalized);
    member(value, "historicalBlockHashes", out.historical_block_hashes);
    member(value, "justifiedSlots", out.justified_slots);
    member(value, "justificationsRoots", out.justifications_roots);
    member(value, "justificationsValidators", out.justifications_validators);
}

void read(const json::value& value, Status& out) {
    member(value, "finalized", out.finalized);
    member(value, "head", out.head);
}

void read(const json::value& value, BlocksByRootRequest& out) {
    member(value, "roots", out.roots);
}

void read(const json::value& value, BlocksByRangeRequest& out) {
    member(value, "startSlot", out.start_slot);
    member(value, "count", out.count);
}

}  // namespace lepton::spec_driver
