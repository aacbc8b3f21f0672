// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Certificates for targets, with keys that are the same in every run. Tests only.
#pragma once

#include "fuzz/target.hpp"
#include "libp2p/tls/test_certificates.hpp"

namespace lepton::fuzz {

inline constexpr UnixMs kCertificateNow = 1'800'000'000'000;

/// A P-256 key, made for tests only.
inline constexpr std::string_view kCertificateKey =
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042005acec751fe18b0b46d937"
    "80a52dfa6afc52b869fcee71ed45a04918403ed46da14403420004711765ffacc0e1ec0dc84c61d81e6cb9036f369d"
    "2593953c56ef40708c45a262257b780ba12befc1a1bf7f1e14137978f179aad31ab7e9edfdd78d02b5d5af58";

/// What a good certificate is made of.
inline libp2p::test::Recipe certificate_recipe() {
    return libp2p::test::Recipe(bytes_of_hex(kCertificateKey));
}

/// Whose certificate that is.
inline libp2p::PeerId certificate_peer() {
    static const auto peer =
        libp2p::PeerId::from_public_key(certificate_recipe().identity_public_key);
    return peer;
}

}  // namespace lepton::fuzz
