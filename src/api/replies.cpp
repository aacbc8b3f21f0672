// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "api/replies.hpp"

namespace lepton::api {

namespace json = boost::json;

HttpReply json_reply(const json::value& value) {
    return {.body = json::serialize(value)};
}

HttpReply error_reply(unsigned status, std::string_view what) {
    return {.status = status, .body = json::serialize(json::object{{"error", json::string(what)}})};
}

json::object checkpoint_json(const Checkpoint& checkpoint) {
    return {{"slot", checkpoint.slot.value}, {"root", to_hex(checkpoint.root)}};
}

}  // namespace lepton::api
