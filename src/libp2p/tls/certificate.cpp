// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/tls/certificate.hpp"

#include "base/assert.hpp"
#include "libp2p/public_key.hpp"
#include "libp2p/tls/der.hpp"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>

namespace lepton::libp2p {
namespace {

using der::Tag;

// Contents of object identifiers.
constexpr std::array<std::uint8_t, 10> kLibp2pExtensionId{
    0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xa2, 0x5a, 0x01, 0x01};  // 1.3.6.1.4.1.53594.1.1
constexpr std::array<std::uint8_t, 8> kEcdsaSha256Id{
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};  // 1.2.840.10045.4.3.2
constexpr std::array<std::uint8_t, 8> kEcdsaSha384Id{
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};                 // 1.2.840.10045.4.3.3
constexpr std::array<std::uint8_t, 3> kEd25519Id{0x2b, 0x65, 0x70};  // 1.3.101.112

/// What the identity key signs: this text, then the certificate's SubjectPublicKeyInfo.
constexpr std::string_view kSignedPrefix = "libp2p-tls-handshake:";

// Valid from the epoch (so that a clock that starts at zero works too) to the end of 4095, the same
// end that other libp2p implementations write.
constexpr std::string_view kNotBefore = "700101000000Z";
constexpr std::string_view kNotAfter = "40951231235959Z";

struct PublicKeyDelete {
    void operator()(gnutls_pubkey_t key) const { gnutls_pubkey_deinit(key); }
};
using PublicKeyHandle = std::unique_ptr<std::remove_pointer_t<gnutls_pubkey_t>, PublicKeyDelete>;

struct PrivateKeyDelete {
    void operator()(gnutls_privkey_t key) const { gnutls_privkey_deinit(key); }
};
using PrivateKeyHandle = std::unique_ptr<std::remove_pointer_t<gnutls_privkey_t>, PrivateKeyDelete>;

struct X509PrivateKeyDelete {
    void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
using X509PrivateKeyHandle =
    std::unique_ptr<std::remove_pointer_t<gnutls_x509_privkey_t>, X509PrivateKeyDelete>;

gnutls_datum_t datum(ByteView bytes) {
    return {const_cast<std::uint8_t*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

/// Returns what GnuTLS allocated.
Bytes take(gnutls_datum_t& datum) {
    Bytes bytes(datum.data, datum.data + datum.size);
    gnutls_free(datum.data);
    return bytes;
}

bool equal(ByteView a, ByteView b) {
    return std::ranges::equal(a, b);
}

Bytes identity_message(ByteView key_info) {
    Bytes message = to_bytes(as_bytes(kSignedPrefix));
    append(message, key_info);
    return message;
}

/// Returns the number that the decimal digits text[at, at + count) name.
std::optional<int> read_digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// Returns Unix seconds. Only the forms that RFC 5280 allows: YYMMDDHHMMSSZ and YYYYMMDDHHMMSSZ.
std::optional<std::int64_t> take_time(der::Reader& reader) {
    std::string_view text;
    std::size_t year_size = 2;
    if (const auto utc = reader.take(Tag::utc_time)) {
        text = as_text(utc->content);
    } else if (const auto generalized = reader.take(Tag::generalized_time)) {
        text = as_text(generalized->content);
        year_size = 4;
    }
    if (text.size() != year_size + 11 || text.back() != 'Z') return std::nullopt;

    const auto year = read_digits(text, 0, year_size);
    std::array<int, 5> parts{};  // month, day, hour, minute, second
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = read_digits(text, year_size + 2 * i, 2);
        if (!part) return std::nullopt;
        parts[i] = *part;
    }
    if (!year || parts[2] > 23 || parts[3] > 59 || parts[4] > 59) return std::nullopt;

    // A year of two digits lies between 1950 and 2049.
    const int full_year = year_size == 4 ? *year : *year + (*year < 50 ? 2000 : 1900);
    const std::chrono::year_month_day date{std::chrono::year{full_year},
                                           std::chrono::month{static_cast<unsigned>(parts[0])},
                                           std::chrono::day{static_cast<unsigned>(parts[1])}};
    if (!date.ok()) return std::nullopt;
    const auto days = std::chrono::sys_days{date}.time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(days).count() + parts[2] * 3600 +
           parts[3] * 60 + parts[4];
}

struct Extension {
    ByteView id;
    ByteView value;
    bool is_critical = false;
};

std::optional<Extension> take_extension(der::Reader& list) {
    const auto entry = list.take(Tag::sequence);
    if (!entry) return std::nullopt;
    der::Reader reader{entry->content};
    const auto id = reader.take(Tag::object_id);
    const auto critical = reader.take(Tag::boolean);
    const auto value = reader.take(Tag::octet_string);
    if (!id || !value || !reader.is_at_end()) return std::nullopt;
    // DER writes true as ff and leaves out false, the default; false is seen written out.
    if (critical && (critical->content.size() != 1 ||
                     (critical->content[0] != 0xff && critical->content[0] != 0))) {
        return std::nullopt;
    }
    return Extension{id->content, value->content, critical && critical->content[0] != 0};
}

Result<ByteView, CertificateError> find_libp2p_extension(ByteView extensions) {
    der::Reader wrapper{extensions};
    const auto sequence = wrapper.take(Tag::sequence);
    if (!sequence || !wrapper.is_at_end()) return std::unexpected(CertificateError::malformed);

    std::optional<ByteView> found;
    der::Reader list{sequence->content};
    while (!list.is_at_end()) {
        const auto extension = take_extension(list);
        if (!extension) return std::unexpected(CertificateError::malformed);
        if (equal(extension->id, kLibp2pExtensionId)) {
            if (found) return std::unexpected(CertificateError::duplicate_extension);
            found = extension->value;
        } else if (extension->is_critical) {
            return std::unexpected(CertificateError::unknown_critical_extension);
        }
    }
    if (!found) return std::unexpected(CertificateError::no_libp2p_extension);
    return *found;
}

/// Content of the identifier in AlgorithmIdentifier; `whole` tells the parameters apart too.
std::optional<ByteView> algorithm_id(const der::Element& identifier) {
    der::Reader reader{identifier.content};
    const auto id = reader.take(Tag::object_id);
    if (!id) return std::nullopt;
    return id->content;
}

/// Fills `fields` from the content of TBSCertificate (RFC 5280, 4.1).
Result<void, CertificateError> parse_signed_part(ByteView content,
                                                 ByteView outer_algorithm,
                                                 CertificateFields& fields) {
    constexpr auto malformed = [] { return std::unexpected(CertificateError::malformed); };
    static constexpr std::array<std::uint8_t, 3> kVersion3{0x02, 0x01, 0x02};

    der::Reader reader{content};
    const auto version = reader.take(Tag::context_0);
    if (!version || !equal(version->content, kVersion3)) return malformed();
    if (!reader.take(Tag::integer)) return malformed();  // serial number
    const auto algorithm = reader.take(Tag::sequence);
    if (!algorithm || !equal(algorithm->whole, outer_algorithm)) return malformed();
    if (!reader.take(Tag::sequence)) return malformed();  // issuer

    const auto validity = reader.take(Tag::sequence);
    if (!validity) return malformed();
    der::Reader times{validity->content};
    const auto not_before = take_time(times);
    const auto not_after = take_time(times);
    if (!not_before || !not_after || !times.is_at_end()) return malformed();
    fields.not_before = *not_before;
    fields.not_after = *not_after;

    if (!reader.take(Tag::sequence)) return malformed();  // subject
    const auto key_info = reader.take(Tag::sequence);
    if (!key_info) return malformed();
    fields.key_info = key_info->whole;

    reader.take(Tag::context_1);  // issuerUniqueID, optional
    reader.take(Tag::context_2);  // subjectUniqueID, optional
    const auto extensions = reader.take(Tag::context_3);
    if (!reader.is_at_end()) return malformed();
    if (!extensions) return std::unexpected(CertificateError::no_libp2p_extension);

    const auto libp2p = find_libp2p_extension(extensions->content);
    if (!libp2p) return std::unexpected(libp2p.error());
    fields.libp2p_extension = *libp2p;
    return {};
}

std::optional<gnutls_sign_algorithm_t> to_gnutls(ByteView signature_algorithm) {
    if (equal(signature_algorithm, kEcdsaSha256Id)) return GNUTLS_SIGN_ECDSA_SHA256;
    if (equal(signature_algorithm, kEcdsaSha384Id)) return GNUTLS_SIGN_ECDSA_SHA384;
    if (equal(signature_algorithm, kEd25519Id)) return GNUTLS_SIGN_EDDSA_ED25519;
    return std::nullopt;
}

bool is_supported_key(gnutls_pubkey_t key) {
    switch (gnutls_pubkey_get_pk_algorithm(key, nullptr)) {
        case GNUTLS_PK_EDDSA_ED25519:
            return true;
        case GNUTLS_PK_ECDSA: {
            gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
            return gnutls_pubkey_export_ecc_raw2(key, &curve, nullptr, nullptr, 0) ==
                       GNUTLS_E_SUCCESS &&
                   (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1);
        }
        default:
            return false;
    }
}

Result<void, CertificateError> verify_self_signature(const CertificateFields& fields) {
    gnutls_pubkey_t raw = nullptr;
    LEPTON_ASSERT(gnutls_pubkey_init(&raw) == GNUTLS_E_SUCCESS, "out of memory");
    const PublicKeyHandle key{raw};
    const gnutls_datum_t key_info = datum(fields.key_info);
    if (gnutls_pubkey_import(key.get(), &key_info, GNUTLS_X509_FMT_DER) < 0 ||
        !is_supported_key(key.get())) {
        return std::unexpected(CertificateError::unsupported_key);
    }
    const auto algorithm = to_gnutls(fields.signature_algorithm);
    if (!algorithm) return std::unexpected(CertificateError::unsupported_key);
    const gnutls_datum_t message = datum(fields.signed_part);
    const gnutls_datum_t signature = datum(fields.signature);
    if (gnutls_pubkey_verify_data2(key.get(), *algorithm, 0, &message, &signature) < 0) {
        return std::unexpected(CertificateError::wrong_self_signature);
    }
    return {};
}

/// BIT STRING content of whole bytes: a count of unused bits, zero, goes first.
Bytes whole_bits(ByteView bytes) {
    Bytes content{0};
    append(content, bytes);
    return content;
}

}  // namespace

std::string_view to_string(CertificateError error) {
    switch (error) {
        case CertificateError::no_certificate:
            return "no_certificate";
        case CertificateError::more_than_one:
            return "more_than_one";
        case CertificateError::too_large:
            return "too_large";
        case CertificateError::malformed:
            return "malformed";
        case CertificateError::not_yet_valid:
            return "not_yet_valid";
        case CertificateError::expired:
            return "expired";
        case CertificateError::unknown_critical_extension:
            return "unknown_critical_extension";
        case CertificateError::no_libp2p_extension:
            return "no_libp2p_extension";
        case CertificateError::duplicate_extension:
            return "duplicate_extension";
        case CertificateError::unsupported_key:
            return "unsupported_key";
        case CertificateError::wrong_self_signature:
            return "wrong_self_signature";
        case CertificateError::malformed_identity_key:
            return "malformed_identity_key";
        case CertificateError::wrong_identity_signature:
            return "wrong_identity_signature";
        case CertificateError::wrong_peer:
            return "wrong_peer";
    }
    return "unknown";
}

OwnCertificate make_certificate(const Identity& identity) {
    // GnuTLS fails here only when it has no memory or no random bytes.
    constexpr auto require = [](int status) {
        LEPTON_ASSERT(status >= 0, gnutls_strerror(status));
    };
    gnutls_x509_privkey_t raw_x509_key = nullptr;
    require(gnutls_x509_privkey_init(&raw_x509_key));
    const X509PrivateKeyHandle x509_key{raw_x509_key};
    require(gnutls_x509_privkey_generate(
        x509_key.get(), GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    gnutls_privkey_t raw_private = nullptr;
    require(gnutls_privkey_init(&raw_private));
    const PrivateKeyHandle private_key{raw_private};
    require(gnutls_privkey_import_x509(private_key.get(), x509_key.get(), 0));
    gnutls_pubkey_t raw_public = nullptr;
    require(gnutls_pubkey_init(&raw_public));
    const PublicKeyHandle public_key{raw_public};
    require(gnutls_pubkey_import_privkey(public_key.get(), private_key.get(), 0, 0));
    gnutls_datum_t exported{};
    require(gnutls_pubkey_export2(public_key.get(), GNUTLS_X509_FMT_DER, &exported));
    const Bytes key_info = take(exported);

    const Bytes identity_signature = identity.sign(identity_message(key_info));
    const Bytes signed_key =
        der::encode(Tag::sequence,
                    {der::encode(Tag::octet_string, identity.public_key_protobuf()),
                     der::encode(Tag::octet_string, identity_signature)});
    const Bytes extension = der::encode(Tag::sequence,
                                        {der::encode(Tag::object_id, kLibp2pExtensionId),
                                         der::encode(Tag::octet_string, signed_key)});
    const Bytes algorithm =
        der::encode(Tag::sequence, {der::encode(Tag::object_id, kEcdsaSha256Id)});
    const Bytes empty_name = der::encode(Tag::sequence, ByteView{});
    // A serial number must be positive. Nobody looks it up: the key is new for every certificate.
    Bytes serial(key_info.end() - 8, key_info.end());
    serial[0] = (serial[0] & 0x3f) | 0x40;

    const Bytes signed_part =
        der::encode(Tag::sequence,
                    {der::encode(Tag::context_0, der::encode(Tag::integer, Bytes{2})),  // version 3
                     der::encode(Tag::integer, serial),
                     algorithm,
                     empty_name,
                     der::encode(Tag::sequence,
                                 {der::encode(Tag::utc_time, as_bytes(kNotBefore)),
                                  der::encode(Tag::generalized_time, as_bytes(kNotAfter))}),
                     empty_name,
                     key_info,
                     der::encode(Tag::context_3, der::encode(Tag::sequence, extension))});

    const gnutls_datum_t message = datum(signed_part);
    gnutls_datum_t signature{};
    require(gnutls_privkey_sign_data2(
        private_key.get(), GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &signature));

    OwnCertificate own;
    own.certificate_der = der::encode(
        Tag::sequence,
        {signed_part, algorithm, der::encode(Tag::bit_string, whole_bits(take(signature)))});
    gnutls_datum_t private_der{};
    require(gnutls_x509_privkey_export2_pkcs8(
        x509_key.get(), GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN, &private_der));
    own.private_key_der = take(private_der);
    return own;
}

Result<ByteView, CertificateError> only_certificate(ByteView message) {
    // Each part is a length in 1 to 3 bytes and that many bytes.
    const auto take_part = [](ByteView& rest, std::size_t length_size) -> std::optional<ByteView> {
        if (rest.size() < length_size) return std::nullopt;
        std::size_t length = 0;
        for (const std::uint8_t byte : rest.first(length_size)) length = length << 8 | byte;
        rest = rest.subspan(length_size);
        if (length > rest.size()) return std::nullopt;
        const ByteView part = rest.first(length);
        rest = rest.subspan(length);
        return part;
    };
    const auto context = take_part(message, 1);
    auto list = take_part(message, 3);
    if (!context || !list || !message.empty()) return std::unexpected(CertificateError::malformed);
    if (list->empty()) return std::unexpected(CertificateError::no_certificate);
    const auto certificate = take_part(*list, 3);
    const auto extensions = take_part(*list, 2);
    if (!certificate || !extensions) return std::unexpected(CertificateError::malformed);
    if (!list->empty()) return std::unexpected(CertificateError::more_than_one);
    if (certificate->size() > kCertificateSizeMax) {
        return std::unexpected(CertificateError::too_large);
    }
    return *certificate;
}

Result<CertificateFields, CertificateError> parse_certificate(ByteView bytes) {
    if (bytes.size() > kCertificateSizeMax) return std::unexpected(CertificateError::too_large);
    der::Reader outermost{bytes};
    const auto certificate = outermost.take(Tag::sequence);
    if (!certificate || !outermost.is_at_end()) return std::unexpected(CertificateError::malformed);

    der::Reader reader{certificate->content};
    const auto signed_part = reader.take(Tag::sequence);
    const auto algorithm = reader.take(Tag::sequence);
    const auto signature = reader.take(Tag::bit_string);
    if (!signed_part || !algorithm || !signature || !reader.is_at_end()) {
        return std::unexpected(CertificateError::malformed);
    }
    const auto id = algorithm_id(*algorithm);
    if (!id || signature->content.empty() || signature->content[0] != 0) {
        return std::unexpected(CertificateError::malformed);
    }
    CertificateFields fields;
    fields.signed_part = signed_part->whole;
    fields.signature_algorithm = *id;
    fields.signature = signature->content.subspan(1);
    const auto parsed = parse_signed_part(signed_part->content, algorithm->whole, fields);
    if (!parsed) return std::unexpected(parsed.error());
    return fields;
}

Result<VerifiedPeer, CertificateError> verify_extension(ByteView extension, ByteView key_info) {
    der::Reader wrapper{extension};
    const auto signed_key = wrapper.take(Tag::sequence);
    if (!signed_key || !wrapper.is_at_end()) return std::unexpected(CertificateError::malformed);
    der::Reader reader{signed_key->content};
    const auto public_key = reader.take(Tag::octet_string);
    const auto signature = reader.take(Tag::octet_string);
    if (!public_key || !signature || !reader.is_at_end()) {
        return std::unexpected(CertificateError::malformed);
    }
    const auto key = PublicKey::from_protobuf(public_key->content);
    if (!key) return std::unexpected(CertificateError::malformed_identity_key);
    if (!key->verify(identity_message(key_info), signature->content)) {
        return std::unexpected(CertificateError::wrong_identity_signature);
    }
    return VerifiedPeer{PeerId::from_public_key(public_key->content),
                        to_bytes(public_key->content)};
}

Result<VerifiedPeer, CertificateError> verify_certificate(ByteView bytes, UnixMs now) {
    const auto fields = parse_certificate(bytes);
    if (!fields) return std::unexpected(fields.error());

    const auto now_seconds = static_cast<std::int64_t>(now / 1000);
    if (now_seconds < fields->not_before) return std::unexpected(CertificateError::not_yet_valid);
    if (now_seconds > fields->not_after) return std::unexpected(CertificateError::expired);

    if (auto verified = verify_self_signature(*fields); !verified) {
        return std::unexpected(verified.error());
    }
    return verify_extension(fields->libp2p_extension, fields->key_info);
}

}  // namespace lepton::libp2p
