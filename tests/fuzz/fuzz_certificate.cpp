// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/certificates.hpp"
#include "fuzz/target.hpp"
#include "libp2p/tls/certificate.hpp"

#include <algorithm>

namespace lepton::fuzz {
namespace {

using namespace libp2p;

/// Input: a certificate, and also the TLS message around one.
void run(ByteView input) {
    if (const auto certificate = only_certificate(input)) {
        expect_within(*certificate, input);
        LEPTON_ASSERT(certificate->size() <= kCertificateSizeMax);
    }
    const Allocated allocated;
    const auto fields = parse_certificate(input);
    LEPTON_ASSERT(allocated.bytes() == 0);
    const auto verified = verify_certificate(input, kCertificateNow);
    if (!fields) {
        LEPTON_ASSERT(!verified && verified.error() == fields.error());
        return;
    }
    for (const ByteView part : {fields->signed_part,
                                fields->key_info,
                                fields->signature_algorithm,
                                fields->signature,
                                fields->libp2p_extension}) {
        expect_within(part, input);
    }
    // Nobody else has the keys: a changed certificate must not pass.
    if (verified) LEPTON_ASSERT(verified->peer_id == certificate_peer());
}

std::vector<Bytes> seeds() {
    const Bytes certificate = certificate_recipe().build();
    const auto length = [](std::size_t size) {
        return Bytes{0, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    };
    const Bytes list = joined({length(certificate.size()), certificate, Bytes{0, 0}});
    return {certificate,
            joined({Bytes{0}, length(list.size()), list}),
            bytes_of_hex("00000000"),
            Bytes(certificate.begin(), certificate.end() - 1)};
}

const Registration kTarget({"certificate", 1024, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
