// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/test_driver_process.hpp"

#include "actor/exit_reason.hpp"
#include "base/log.hpp"
#include "node/assembly.hpp"
#include "node/node.hpp"
#include "node/signals.hpp"
#include "node/terminate.hpp"
#include "node/version.hpp"
#include "spec_driver/limits.hpp"
#include "spec_driver/test_driver.hpp"

#include <atomic>
#include <cstdlib>
#include <semaphore>

namespace lepton::node {
namespace {

constexpr const char* kVariable = "HIVE_LEAN_TEST_DRIVER";

}  // namespace

bool is_test_driver_asked_for() {
    const char* const value = std::getenv(kVariable);
    return value != nullptr && spec_driver::asks_for_driver(value);
}

int run_test_driver(const NodeOptions& options) {
    const auto level = log::parse_level(options.log_level);
    if (!level) return fail(kExitConfig, "--log-level: " + level.error().what);
    log::set_level(*level);
    log::info(
        "test_driver_starting version={} because={}: no network, no database, no keys; "
        "placeholder proofs pass",
        version_text(options.proofs.version_suffix),
        kVariable);
    name_threads_that_throw();

    // Either may come more than once; the first one ends the wait.
    std::counting_semaphore<> ended{0};
    std::atomic<bool> has_failed{false};
    const SignalThread signals([&ended](std::string_view name) {
        log::info("stop_requested signal={}", name);
        ended.release();
    });
    const SystemClock clock;
    const spec_driver::Proofs proofs(options.proofs.make_backend, clock);
    spec_driver::TestDriver driver(proofs);
    Metrics metrics;
    Pulse pulse;
    auto server = api::HttpServer::start(
        {.name = "api",
         .address = options.http_address,
         .port = options.api_port,
         .handler = [&driver](const api::HttpQuery& query) { return driver.handle(query); },
         .limits = {.connections_max = spec_driver::kConnectionsMax,
                    .body_size_max = spec_driver::kRequestSizeMax},
         .on_failure =
             [&](const std::string& what) {
                 log::error("test_driver_failed what={}", log::quoted(what));
                 has_failed = true;
                 ended.release();
             },
         .refused = metrics.counter("lepton_http_connections_refused_total",
                                    "HTTP connections closed at once because too many were open"),
         .pulse = pulse});
    if (!server) return fail(kExitEnvironment, server.error().what);
    log::info("test_driver_started address={} port={}", options.http_address, (*server)->port());
    ended.acquire();
    (*server)->stop();
    if (has_failed) return fail(actor::kExitSupervision, "test_driver_failed");
    log::info("test_driver_stopped");
    log::flush();
    return 0;
}

}  // namespace lepton::node
