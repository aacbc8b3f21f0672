// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "base/log.hpp"

#include <gtest/gtest.h>

namespace lepton {
namespace {

TEST(Log, quoted_escapes_what_a_peer_may_have_chosen) {
    EXPECT_EQ(log::quoted("a\"b\\\n\x7f"), "\"a\\x22b\\x5c\\x0a\\x7f\"");
    EXPECT_EQ(log::quoted("abcdef", 3), "\"abc…\"");
}

TEST(Log, parse_level_names_what_was_expected) {
    EXPECT_EQ(log::parse_level("warn").value(), log::Level::warn);
    const auto refused = log::parse_level("loud");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("expected trace, debug"), std::string::npos);
}

}  // namespace
}  // namespace lepton
