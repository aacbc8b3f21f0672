// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "p2p/base64url.hpp"

#include <gtest/gtest.h>

namespace lepton::p2p {
namespace {

// RFC 4648, section 10, without the padding.
TEST(Base64url, published_pairs) {
    for (const auto& [plain, text] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                    {"f", "Zg"},
                                                                    {"fo", "Zm8"},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg"},
                                                                    {"fooba", "Zm9vYmE"},
                                                                    {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(to_base64url(as_bytes(plain)), text);
        EXPECT_EQ(from_base64url(text).value(), to_bytes(as_bytes(plain)));
    }
}

TEST(Base64url, uses_the_url_alphabet) {
    const Bytes bytes{0xfb, 0xff, 0xfe};
    EXPECT_EQ(to_base64url(bytes), "-__-");
    EXPECT_EQ(from_base64url("-__-").value(), bytes);
    EXPECT_FALSE(from_base64url("+//+"));
}

TEST(Base64url, malformed_text) {
    EXPECT_FALSE(from_base64url("Zg=="));
    EXPECT_FALSE(from_base64url("Z"));
    EXPECT_FALSE(from_base64url("Zm9vY"));
    EXPECT_FALSE(from_base64url("Zh"));
    EXPECT_FALSE(from_base64url("Zm 9v"));
    EXPECT_FALSE(from_base64url(std::string_view("Zm\0v", 4)));
}

}  // namespace
}  // namespace lepton::p2p
