// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A small blocking HTTP client for loopback questions: the devnet runner and the tests ask nodes
// with it. Any thread.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lepton::api {

struct HttpResponse {
    unsigned status = 0;
    std::string content_type;
    std::string body;
};

/// Returns the answer to one request; the connection is not kept.
/// Input:  method: "GET" or "POST"; target: path and query; body: sent as application/json when not
/// empty Errors: no connection, no answer within `timeout` (each step), a body above 64 MiB
Result<HttpResponse, IoError> http_request(std::string_view method,
                                           const std::string& host,
                                           std::uint16_t port,
                                           std::string_view target,
                                           std::string_view body,
                                           Duration timeout);

inline Result<HttpResponse, IoError> http_get(const std::string& host,
                                              std::uint16_t port,
                                              std::string_view target,
                                              Duration timeout) {
    return http_request("GET", host, port, target, {}, timeout);
}

}  // namespace lepton::api
