// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The HTTP routes with which a simulator replays vectors against this program. Not thread-safe: the
// server's thread handles one request at a time.
#pragma once

#include "api/http_server.hpp"
#include "spec_driver/fork_choice_node.hpp"
#include "spec_driver/json.hpp"

#include <optional>
#include <string_view>

namespace lepton::spec_driver {

/// Returns whether the value of HIVE_LEAN_TEST_DRIVER asks for the driver: 1, true or yes in any
/// case, with blanks around.
bool asks_for_driver(std::string_view value);

class TestDriver {
  public:
    /// `proofs` outlives the driver.
    explicit TestDriver(const Proofs& proofs) : proofs_(proofs) {}

    /// Answers one request. 400 with the reason for a request of another shape or beyond a bound;
    /// 404 and 405 as the API; 409 for a step without a store. What the vector's data are refused
    /// for is no error of the request, except in fork_choice/init.
    api::HttpReply handle(const api::HttpQuery& query);

  private:
    api::HttpReply init_fork_choice(const json::object& request);
    api::HttpReply step_fork_choice(const json::object& request);
    api::HttpReply state_transition(const json::object& request);
    api::HttpReply verify_signatures(const json::object& request);

    const Proofs& proofs_;
    /// Of the last init, none after a refused one.
    std::optional<ForkChoiceNode> node_;
};

}  // namespace lepton::spec_driver
