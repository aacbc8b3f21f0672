// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Verification of signatures, many at a time. Any thread.
#pragma once

#include "crypto/xmss/parameters.hpp"

#include <span>

namespace lepton::crypto::xmss {

/// As SignatureScheme::verify_batch.
template <class P>
void verify_batch(std::span<const VerifyJob> jobs, std::span<VerifyVerdict> verdicts);

}  // namespace lepton::crypto::xmss
