// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every type is checked four ways: the bytes decode, the decoded value encodes to the same bytes,
// the value of the JSON encodes to these bytes too, and the root is right.
#include "crypto/signature_scheme.hpp"
#include "spec/formats.hpp"

#include <functional>

namespace lepton::spec {
namespace {

/// Containers of the signature scheme as the specification declares them. lepton's scheme reads
/// their bytes directly; here they exercise the codec on nested lists. `NodeLimit`: nodes that a
/// layer of the scheme's trees has at most.
using FieldElement = std::uint32_t;
using HashDigest = std::array<FieldElement, 8>;
template <std::uint64_t NodeLimit>
using HashDigestList = ssz::List<HashDigest, NodeLimit>;

template <std::uint64_t NodeLimit>
struct HashTreeOpening {
    HashDigestList<NodeLimit> siblings;

    static constexpr auto kSszFields = std::tuple(&HashTreeOpening::siblings);
};

template <std::uint64_t NodeLimit>
struct HashTreeLayer {
    std::uint64_t start_index = 0;
    HashDigestList<NodeLimit> nodes;

    static constexpr auto kSszFields =
        std::tuple(&HashTreeLayer::start_index, &HashTreeLayer::nodes);
};

template <std::uint64_t NodeLimit>
struct SignatureContainer {
    HashTreeOpening<NodeLimit> path;
    std::array<FieldElement, 7> rho{};
    HashDigestList<NodeLimit> hashes;

    static constexpr auto kSszFields = std::tuple(
        &SignatureContainer::path, &SignatureContainer::rho, &SignatureContainer::hashes);
};

/// The limits of the two schemes.
constexpr std::uint64_t kTestNodes = 32;
constexpr std::uint64_t kProdNodes = 131'072;

using spec::read;  // beside those of the containers above

template <std::uint64_t NodeLimit>
void read(const json::value& value, HashTreeOpening<NodeLimit>& out) {
    spec::read(at(as_object(value), "siblings"), out.siblings);
}

template <std::uint64_t NodeLimit>
void read(const json::value& value, HashTreeLayer<NodeLimit>& out) {
    spec::read(at(as_object(value), "startIndex"), out.start_index);
    spec::read(at(as_object(value), "nodes"), out.nodes);
}

struct Case {
    const json::object& body;
    const crypto::SignatureScheme& scheme;

    Bytes bytes() const { return as_bytes(at(body, "serialized")); }
    ssz::DecodeContext context() const {
        return {.public_key_size = scheme.public_key_size(),
                .signature_size = scheme.signature_size()};
    }
};

Verdict expect_root(const Case& test, const Bytes32& root) {
    return expect_equal("root", Root{root}, read_as<Root>(at(test.body, "root")));
}

/// Decodes and encodes again; returns the value.
template <class T>
Result<T, std::string> round_trip(const Case& test) {
    const auto decoded = ssz::decode<T>(test.bytes(), test.context());
    if (!decoded)
        return std::unexpected(fmt::format("decode: {}", ssz::to_string(decoded.error())));
    const auto equal = expect_equal("encode", to_hex(ssz::encode(*decoded)), to_hex(test.bytes()));
    if (!equal) return std::unexpected(equal.error());
    return *decoded;
}

template <class T>
Verdict expect_refused(const Case& test) {
    if (as_string(at(test.body, "rejectionReason")) != "DECODE_ERROR") {
        throw BadVector("a decoder knows one reason only");
    }
    const Bytes raw = as_bytes(at(test.body, "rawBytes"));
    if (ssz::decode<T>(raw, test.context())) return std::unexpected("malformed bytes were decoded");
    return {};
}

template <class T>
Verdict check(const Case& test) {
    if (find(test.body, "rejectionReason") != nullptr) return expect_refused<T>(test);
    const auto value = round_trip<T>(test);
    if (!value) return std::unexpected(value.error());
    T from_json{};
    read(at(test.body, "value"), from_json);
    if (auto equal =
            expect_equal("encode value", to_hex(ssz::encode(from_json)), to_hex(test.bytes()));
        !equal) {
        return equal;
    }
    return expect_root(test, ssz::root_of(*value));
}

/// A field element's value is written as "Fp(value=5)".
Verdict check_field_element(const Case& test) {
    const auto value = round_trip<FieldElement>(test);
    if (!value) return std::unexpected(value.error());
    if (auto equal = expect_equal("value",
                                  fmt::format("Fp(value={})", *value),
                                  std::string(as_string(at(test.body, "value"))));
        !equal) {
        return equal;
    }
    return expect_root(test, ssz::root_of(*value));
}

/// The value is the hexadecimal form of the bytes. Both the generic codec and the scheme's own
/// root must agree.
template <std::uint64_t NodeLimit>
Verdict check_signature(const Case& test) {
    const auto container = round_trip<SignatureContainer<NodeLimit>>(test);
    if (!container) return std::unexpected(container.error());
    if (auto equal = expect_root(test, ssz::root_of(*container)); !equal) return equal;
    const auto signature = round_trip<Signature>(test);
    if (!signature) return std::unexpected(signature.error());
    return expect_root(test, test.scheme.signature_root(signature->bytes));
}

Verdict check_public_key(const Case& test) {
    const auto checked = check<PublicKey>(test);
    if (!checked) return checked;
    return expect_root(test, test.scheme.public_key_root(test.bytes()));
}

Verdict check_signed_attestation(const Case& test) {
    const auto value = round_trip<SignedAttestation>(test);
    if (!value) return std::unexpected(value.error());
    const auto from_json = read_as<SignedAttestation>(at(test.body, "value"));
    if (from_json != *value) return std::unexpected("value differs from the decoded one");
    const Bytes32 signature_root = test.scheme.signature_root(value->signature.bytes);
    return expect_root(test, signed_attestation_root(*value, signature_root).bytes);
}

using Check = Verdict (*)(const Case&);

template <Check Test, Check Prod>
Verdict by_scheme(const Case& test) {
    return test.scheme.id() == crypto::SchemeId::leansig_test ? Test(test) : Prod(test);
}

const std::map<std::string_view, Check>& checks() {
    static const std::map<std::string_view, Check> table{
        // primitives
        {"Uint8", check<std::uint8_t>},
        {"Uint16", check<std::uint16_t>},
        {"Uint32", check<std::uint32_t>},
        {"Uint64", check<std::uint64_t>},
        {"Boolean", check<bool>},
        {"Bytes4", check<std::array<std::uint8_t, 4>>},
        {"Bytes32", check<Bytes32>},
        {"Bytes52", check<std::array<std::uint8_t, 52>>},
        {"Bytes64", check<std::array<std::uint8_t, 64>>},
        {"Fp", check_field_element},
        {"AttestationSubnets", check<ssz::Bitvector<64>>},
        {"ByteList512KiB", check<ProofBytes>},
        // synthetic
        {"SampleBitvector8", check<ssz::Bitvector<8>>},
        {"SampleBitvector64", check<ssz::Bitvector<64>>},
        {"SampleBitlist16", check<ssz::Bitlist<16>>},
        {"SampleUint16Vector3", check<std::array<std::uint16_t, 3>>},
        {"SampleUint64Vector4", check<std::array<std::uint64_t, 4>>},
        {"SampleUint32List16", check<ssz::List<std::uint32_t, 16>>},
        {"SampleBytes32List8", check<ssz::List<Bytes32, 8>>},
        {"SmokeBitlist8", check<ssz::Bitlist<8>>},
        {"DecodeBitlist8", check<ssz::Bitlist<8>>},
        {"DecodeBitvector16", check<ssz::Bitvector<16>>},
        {"BoundaryBitvector1", check<ssz::Bitvector<1>>},
        {"BoundaryBitvector7", check<ssz::Bitvector<7>>},
        {"BoundaryBitvector9", check<ssz::Bitvector<9>>},
        {"BoundaryBitvector255", check<ssz::Bitvector<255>>},
        {"BoundaryBitvector256", check<ssz::Bitvector<256>>},
        {"BoundaryBitvector257", check<ssz::Bitvector<257>>},
        {"BoundaryBitlist256", check<ssz::Bitlist<256>>},
        {"BoundaryUint64List32", check<ssz::List<std::uint64_t, 32>>},
        // consensus containers
        {"Checkpoint", check<Checkpoint>},
        {"AttestationData", check<AttestationData>},
        {"Attestation", check<Attestation>},
        {"SignedAttestation", check_signed_attestation},
        {"AggregatedAttestation", check<AggregatedAttestation>},
        {"SingleMessageAggregate", check<SingleMessageAggregate>},
        {"MultiMessageAggregate", check<MultiMessageAggregate>},
        {"SignedAggregatedAttestation", check<SignedAggregatedAttestation>},
        {"BlockBody", check<BlockBody>},
        {"BlockHeader", check<BlockHeader>},
        {"Block", check<Block>},
        {"SignedBlock", check<SignedBlock>},
        {"Config", check<GenesisConfig>},
        {"Validator", check<Validator>},
        {"Validators", check<Validators>},
        {"State", check<State>},
        // network containers
        {"Status", check<Status>},
        {"BlocksByRootRequest", check<BlocksByRootRequest>},
        {"BlocksByRangeRequest", check<BlocksByRangeRequest>},
        // containers of the signature scheme
        {"PublicKey", check_public_key},
        {"Signature", by_scheme<check_signature<kTestNodes>, check_signature<kProdNodes>>},
        {"HashTreeOpening",
         by_scheme<check<HashTreeOpening<kTestNodes>>, check<HashTreeOpening<kProdNodes>>>},
        {"HashTreeLayer",
         by_scheme<check<HashTreeLayer<kTestNodes>>, check<HashTreeLayer<kProdNodes>>>},
    };
    return table;
}

}  // namespace

Verdict run_ssz(const Vector& vector) {
    vector_members(vector,
                   {"rejectionReason", "typeName", "value", "serialized", "root", "rawBytes"});
    const std::string_view type = as_string(at(vector.body, "typeName"));
    const auto check = checks().find(type);
    if (check == checks().end()) throw BadVector(fmt::format("unknown type '{}'", type));
    return check->second({vector.body, scheme_of(vector.body)});
}

}  // namespace lepton::spec
