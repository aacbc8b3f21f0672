// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The kinds of the format networking_codec that have a file of their own. Any thread.
#pragma once

#include "spec/formats.hpp"

namespace lepton::spec {

/// One vector of the format.
struct CodecCase {
    /// What is encoded.
    const json::object& codec;
    /// What comes out.
    const json::object& output;
    std::string& note;
};

Verdict check_snappy_block(const CodecCase& test);
Verdict check_snappy_frame(const CodecCase& test);
Verdict check_request(const CodecCase& test);
Verdict check_response(const CodecCase& test);
Verdict check_response_stream(const CodecCase& test);

Verdict check_gossipsub_rpc(const CodecCase& test);

Verdict check_enr(const CodecCase& test);
Verdict check_peer_id(const CodecCase& test);

}  // namespace lepton::spec
