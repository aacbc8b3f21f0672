// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "consensus/slot.hpp"
#include "spec/formats.hpp"

namespace lepton::spec {
namespace {

NetworkProfile clock_of(const json::object& config) {
    allow_only(config, {"millisecondsPerInterval", "intervalsPerSlot", "secondsPerSlot"});
    NetworkProfile profile;
    profile.milliseconds_per_interval = as_u64(at(config, "millisecondsPerInterval"));
    if (as_u64(at(config, "intervalsPerSlot")) != kIntervalsPerSlot ||
        as_u64(at(config, "secondsPerSlot")) * 1000 != profile.milliseconds_per_slot()) {
        throw BadVector("a clock that no network has");
    }
    return profile;
}

}  // namespace

Verdict run_slot_clock(const Vector& vector) {
    vector_members(vector, {"operation", "config", "output"});
    const json::object& operation = as_object(at(vector.body, "operation"));
    const json::object& output = as_object(at(vector.body, "output"));
    allow_only(operation,
               {"kind", "slot", "genesisTime", "unixSeconds", "currentTimeMilliseconds"});
    allow_only(output, {"interval", "slot", "totalIntervals"});
    const NetworkProfile profile = clock_of(as_object(at(vector.body, "config")));
    const std::string_view kind = as_string(at(operation, "kind"));
    if (kind == "from_slot") {
        return expect_equal("interval",
                            consensus::interval_from_slot(read_as<Slot>(at(operation, "slot"))),
                            read_as<Interval>(at(output, "interval")));
    }
    const std::uint64_t genesis_time = as_u64(at(operation, "genesisTime"));
    if (kind == "from_unix_time") {
        const UnixMs now = as_u64(at(operation, "unixSeconds")) * 1000;
        return expect_equal("interval",
                            consensus::interval_at(now, genesis_time, profile),
                            read_as<Interval>(at(output, "interval")));
    }
    const UnixMs now = as_u64(at(operation, "currentTimeMilliseconds"));
    const Interval interval = consensus::interval_at(now, genesis_time, profile);
    if (kind == "current_slot") {
        return expect_equal(
            "slot", consensus::slot_of(interval), read_as<Slot>(at(output, "slot")));
    }
    if (kind == "current_interval") {
        return expect_equal("interval",
                            static_cast<std::uint64_t>(consensus::phase_of(interval)),
                            as_u64(at(output, "interval")));
    }
    if (kind == "total_intervals") {
        return expect_equal(
            "totalIntervals", interval, read_as<Interval>(at(output, "totalIntervals")));
    }
    throw BadVector(fmt::format("unknown operation '{}'", kind));
}

}  // namespace lepton::spec
