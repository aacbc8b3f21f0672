// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The SignatureScheme objects of this folder. Any thread.
#pragma once

#include "crypto/signature_scheme.hpp"

namespace lepton::crypto::xmss {

/// Returns the scheme of live networks and the one of spec vectors.
const SignatureScheme& prod_scheme();
const SignatureScheme& test_scheme();

}  // namespace lepton::crypto::xmss
