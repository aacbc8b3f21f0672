// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/type_name.hpp"

#include <gtest/gtest.h>

namespace lepton::actor {

struct Named {};
template <class... T>
struct Box {
    struct Inner {};
};

namespace {

struct Hidden {};

TEST(TypeName, has_no_namespaces) {
    EXPECT_EQ(type_name<int>(), "int");
    EXPECT_EQ(type_name<Named>(), "Named");
    EXPECT_EQ(type_name<Hidden>(), "Hidden");
}

TEST(TypeName, has_no_enclosing_scopes) {
    struct Local {};
    EXPECT_EQ(type_name<Local>(), "Local");
    EXPECT_EQ(type_name<Box<Named>::Inner>(), "Inner");
}

TEST(TypeName, keeps_short_names_of_arguments) {
    EXPECT_EQ(type_name<Box<Named>>(), "Box<Named>");
    EXPECT_EQ((type_name<Box<Hidden, Box<Named>>>()), "Box<Hidden, Box<Named>>");
}

TEST(TypeName, ends_with_nul) {
    constexpr auto name = type_name<Named>();
    EXPECT_STREQ(name.data(), "Named");
}

}  // namespace
}  // namespace lepton::actor
