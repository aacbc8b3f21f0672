// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the answers of every HTTP server of lepton have in common. Any thread.
#pragma once

#include "api/http_server.hpp"
#include "types/checkpoint.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace lepton::api {

inline constexpr std::string_view kHealthyBody = R"({"status":"healthy","service":"lean-rpc-api"})";

HttpReply json_reply(const boost::json::value& value);
/// The body is an object whose "error" is `what`.
HttpReply error_reply(unsigned status, std::string_view what);

boost::json::object checkpoint_json(const Checkpoint& checkpoint);

}  // namespace lepton::api
