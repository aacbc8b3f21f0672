// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Nobody but the verifier can say that a block is verified, and the blockchain takes no other.
// expect: is private within this context|calling a private constructor
#include "network_api/messages.hpp"

namespace api = lepton::network_api;

api::NewBlock believe(lepton::SignedBlock heard, api::VerifiedBlock verified) {
#ifdef WRONG
    return {api::VerifiedBlock(std::move(heard), {}), "peer", api::BlockSource::gossip};
#else
    (void)heard;
    return {std::move(verified), "peer", api::BlockSource::gossip};
#endif
}
