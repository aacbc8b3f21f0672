// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Reads the JSON of conformance vectors into lepton's types. A vector that does not have the shape
// its format promises throws BadVector, which the runner turns into a failure and the test driver
// into an answer. Any thread.
#pragma once

#include "types/ssz.hpp"

#include <boost/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::spec_driver {

namespace json = boost::json;

/// The file is not what the format says. The text names the place.
struct BadVector : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Returns the member `key`. Throws BadVector when it is missing.
const json::value& at(const json::object& object, std::string_view key);
/// Returns the member `key`, nullptr when it is missing or null.
const json::value* find(const json::object& object, std::string_view key);
/// Throws BadVector when `object` has a member that is not among `keys`: one that nothing reads.
void allow_only(const json::object& object, const std::vector<std::string_view>& keys);
const json::object& as_object(const json::value& value);
const json::array& as_array(const json::value& value);
std::string_view as_string(const json::value& value);
bool as_bool(const json::value& value);
/// Numbers and decimal strings.
std::uint64_t as_u64(const json::value& value);
Bytes as_bytes(const json::value& value);
/// The "data" that every list of a vector is wrapped in.
const json::value& data_of(const json::value& value);

// read(value, out) for every type that occurs in vectors.

inline void read(const json::value& value, bool& out) {
    out = as_bool(value);
}
template <std::unsigned_integral T>
void read(const json::value& value, T& out) {
    const std::uint64_t number = as_u64(value);
    out = static_cast<T>(number);
    if (out != number) throw BadVector("number too large");
}
template <class Tag>
void read(const json::value& value, Quantity<Tag>& out) {
    out.value = as_u64(value);
}
void read(const json::value& value, Root& out);
void read(const json::value& value, PublicKey& out);
void read(const json::value& value, Signature& out);
void read(const json::value& value, ssz::Bits& out);
template <std::uint64_t Limit>
void read(const json::value& value, ssz::Bitlist<Limit>& out) {
    ssz::Bits& bits = out;
    read(value, bits);
    if (out.size() > Limit) throw BadVector("too many bits");
}
template <std::uint64_t Limit>
void read(const json::value& value, ssz::ByteList<Limit>& out) {
    out = ssz::ByteList<Limit>(as_bytes(data_of(value)));
    if (out.size() > Limit) throw BadVector("too many bytes");
}
template <std::uint64_t Length>
void read(const json::value& value, ssz::Bitvector<Length>& out) {
    ssz::Bits bits;
    read(value, bits);
    if (bits.size() != Length) throw BadVector("wrong number of bits");
    for (std::size_t i = 0; i < Length; ++i) out.set(i, bits[i]);
}
template <std::size_t Length>
void read(const json::value& value, std::array<std::uint8_t, Length>& out) {
    const Bytes bytes = as_bytes(value);
    if (bytes.size() != Length) throw BadVector("wrong number of bytes");
    std::ranges::copy(bytes, out.begin());
}
template <class T, std::size_t Length>
void read(const json::value& value, std::array<T, Length>& out) {
    const json::array& items = as_array(data_of(value));
    if (items.size() != Length) throw BadVector("wrong number of elements");
    for (std::size_t i = 0; i < Length; ++i) read(items[i], out[i]);
}

void read(const json::value& value, Checkpoint& out);
void read(const json::value& value, AttestationData& out);
void read(const json::value& value, Attestation& out);
void read(const json::value& value, SignedAttestation& out);
void read(const json::value& value, AggregatedAttestation& out);
void read(const json::value& value, SingleMessageAggregate& out);
void read(const json::value& value, MultiMessageAggregate& out);
void read(const json::value& value, SignedAggregatedAttestation& out);
void read(const json::value& value, BlockBody& out);
void read(const json::value& value, BlockHeader& out);
void read(const json::value& value, Block& out);
void read(const json::value& value, SignedBlock& out);
void read(const json::value& value, GenesisConfig& out);
void read(const json::value& value, Validator& out);
void read(const json::value& value, State& out);
void read(const json::value& value, Status& out);
void read(const json::value& value, BlocksByRootRequest& out);
void read(const json::value& value, BlocksByRangeRequest& out);

template <class T, std::uint64_t Limit>
void read(const json::value& value, ssz::List<T, Limit>& out) {
    const json::array& items = as_array(data_of(value));
    if (items.size() > Limit) throw BadVector("too many elements");
    for (const json::value& item : items) read(item, out.emplace_back());
}

/// Returns the value read as T.
template <class T>
T read_as(const json::value& value) {
    T out{};
    read(value, out);
    return out;
}

}  // namespace lepton::spec_driver
