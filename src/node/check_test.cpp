// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace lepton::node {
namespace {

using Level = Finding::Level;

/// A machine on which nothing is wrong.
CheckFacts good() {
    return {.udp_receive_buffer = 8 << 20,
            .open_files_max = 65536,
            .clock = CheckFacts::ClockState{.is_synchronized = true, .error_ms = 3},
            .processors = 4,
            .cpu = {{"sha-ni", true}},
            .kernels = {.poseidon = "avx2", .keccak = "avx2"},
            .ports = {{"--gossipsub-port=9000 udp", ""}},
            .data_dir = "/data",
            .data_dir_error = {},
            .disk_free = std::uint64_t{50} << 30,
            .current_slot = Slot{100},
            .milliseconds_per_slot = 4000,
            .keys = {{ValidatorIndex{3}, validator::Role::attestation, {0, 262144}, {0, 131072}}}};
}

TEST(Check, finds_nothing_wrong_where_nothing_is) {
    const std::vector<Finding> findings = judge(good());
    EXPECT_EQ(findings.size(), 8U);
    for (const Finding& finding : findings) EXPECT_EQ(finding.level, Level::ok) << finding.text;
}

TEST(Check, each_fact_that_hurts_is_the_one_finding_and_says_what_to_do) {
    struct Case {
        std::function<void(CheckFacts&)> change;
        Level level;
        const char* text;
    };
    const Case cases[] = {
        {[](auto& f) { f.udp_receive_buffer = 212992; }, Level::warn, "net.core.rmem_max=7340032"},
        {[](auto& f) { f.open_files_max = 256; }, Level::warn, "LimitNOFILE"},
        {[](auto& f) { f.clock.reset(); }, Level::warn, "clock"},
        {[](auto& f) { f.clock->is_synchronized = false; }, Level::warn, "chrony"},
        {[](auto& f) { f.clock->error_ms = 300; }, Level::warn, "error_ms=300"},
        {[](auto& f) { f.processors = 1; }, Level::warn, "processors=1"},
        {[](auto& f) { f.cpu[0].is_present = false; }, Level::warn, "without sha-ni"},
        {[](auto& f) { f.kernels.poseidon = "portable"; }, Level::warn, "without AVX2"},
        {[](auto& f) { f.ports[0].error = "Address already in use"; },
         Level::fail,
         "port --gossipsub-port=9000 udp: Address already in use"},
        {[](auto& f) { f.data_dir_error = "Permission denied"; }, Level::fail, "Permission denied"},
        {[](auto& f) { f.disk_free = 1 << 20; }, Level::fail, "disk is full"},
        {[](auto& f) { f.disk_free = std::uint64_t{5} << 30; }, Level::warn, "free_gib=5.0"},
        {[](auto& f) { f.current_slot = Slot{262144}; }, Level::fail, "needs a new one"},
        {[](auto& f) { f.current_slot = Slot{262144 - 21600 + 1}; }, Level::warn, "within a day"},
        {[](auto& f) { f.keys[0].activation.begin = 101; }, Level::warn, "not come yet"},
        {[](auto& f) { f.current_slot = Slot{131072}; }, Level::warn, "built after the start"},
    };
    for (const Case& each : cases) {
        CheckFacts facts = good();
        each.change(facts);
        std::vector<Finding> findings = judge(facts);
        std::erase_if(findings, [](const Finding& finding) { return finding.level == Level::ok; });
        ASSERT_EQ(findings.size(), 1U) << each.text;
        EXPECT_EQ(findings[0].level, each.level) << findings[0].text;
        EXPECT_NE(findings[0].text.find(each.text), std::string::npos) << findings[0].text;
    }
}

}  // namespace
}  // namespace lepton::node
