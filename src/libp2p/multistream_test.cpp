// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/multistream.hpp"

#include <gtest/gtest.h>

namespace lepton::libp2p {
namespace {

/// "line1|line2" in the form of the wire.
Bytes lines(std::string_view text) {
    Bytes out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('|'), text.size());
        MultistreamLines::append_line(out, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Bytes joined(Bytes first, std::string_view second) {
    append(first, as_bytes(second));
    return first;
}

MultistreamListener echo_and_sum() {
    return MultistreamListener(
        [](std::string_view protocol) { return protocol == "/echo" || protocol == "/sum"; });
}

/// The outcome of feeding everything, in pieces of `piece` bytes.
struct Outcome {
    Bytes replies;
    std::optional<std::string> protocol;
    std::string rest;
    std::optional<MultistreamError> error;

    bool operator==(const Outcome&) const = default;
};

template <class Machine>
Outcome feed(Machine machine, const Bytes& bytes, std::size_t piece) {
    Outcome outcome;
    ByteView left = bytes;
    while (!left.empty()) {
        ByteView read = left.first(std::min(piece, left.size()));
        left = left.subspan(read.size());
        const auto progress = machine.on_data(read);
        append(outcome.replies, progress.reply);
        if (progress.error) {
            outcome.error = progress.error;
            return outcome;
        }
        if (progress.protocol) {
            outcome.protocol = progress.protocol;
            outcome.rest = std::string(as_text(read)) + std::string(as_text(left));
            return outcome;
        }
    }
    return outcome;
}

TEST(Multistream, the_wire_form_is_a_length_and_a_line) {
    EXPECT_EQ(as_text(lines("/multistream/1.0.0|na")), "\x13/multistream/1.0.0\n\x03na\n");
}

TEST(Multistream, the_listener_answers_line_by_line_whatever_the_reads_are) {
    using enum MultistreamError;
    struct Row {
        const char* name;
        Bytes input;
        Outcome outcome;
    };
    const Row table[] = {
        {"header alone", lines("/multistream/1.0.0"), {lines("/multistream/1.0.0"), {}, "", {}}},
        {"one flight with the first payload",
         joined(lines("/multistream/1.0.0|/echo"), "hello"),
         {lines("/multistream/1.0.0|/echo"), "/echo", "hello", {}}},
        {"the second proposal",
         lines("/multistream/1.0.0|/other|/sum"),
         {lines("/multistream/1.0.0|na|/sum"), "/sum", "", {}}},
        {"a list is refused",
         lines("/multistream/1.0.0|ls"),
         {lines("/multistream/1.0.0|na"), {}, "", {}}},
        {"a refused proposal with its payload behind it",
         joined(lines("/multistream/1.0.0|/other"), std::string(1, '\x02') + "hi"),
         {lines("/multistream/1.0.0|na"), {}, "", malformed_line}},
        {"ten proposals",
         lines("/multistream/1.0.0|1|2|3|4|5|6|7|8|9|/sum"),
         {lines("/multistream/1.0.0|na|na|na|na|na|na|na|na|na|/sum"), "/sum", "", {}}},
    };
    for (const Row& row : table) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{10000}}) {
            EXPECT_EQ(feed(echo_and_sum(), row.input, piece), row.outcome) << row.name << piece;
        }
    }
}

TEST(Multistream, the_listener_ends_what_is_not_multistream) {
    using enum MultistreamError;
    const std::pair<Bytes, MultistreamError> table[] = {
        {lines("/multistream/2.0.0"), unexpected_line},
        {lines("/echo"), unexpected_line},
        {lines("/multistream/1.0.0|1|2|3|4|5|6|7|8|9|10|/sum"), too_many_proposals},
        {Bytes{0x00}, malformed_line},              // an empty line
        {Bytes{0x02, 'n', 'a'}, malformed_line},    // no newline
        {Bytes{0x81, 0x08, 'x'}, malformed_line},   // 1025 bytes
        {Bytes{0x80, 0x80, 0x01}, malformed_line},  // a giant length
        {joined(Bytes{}, "GET / HTTP/1.1\r\n" + std::string(70, 'x')), malformed_line},
    };
    for (const auto& [input, error] : table) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{10000}}) {
            EXPECT_EQ(feed(echo_and_sum(), input, piece).error, error) << to_hex(input);
        }
    }
}

TEST(Multistream, a_line_of_the_largest_size_is_accepted) {
    const std::string name(kMultistreamLineMax - 1, 'p');
    MultistreamListener listener([&](std::string_view protocol) { return protocol == name; });
    Bytes input = lines("/multistream/1.0.0");
    MultistreamLines::append_line(input, name);
    EXPECT_EQ(feed(std::move(listener), input, 100).protocol, name);
}

TEST(Multistream, the_dialler_goes_through_its_list) {
    using enum MultistreamError;
    const MultistreamDialer dialler({"/a/2", "/a/1"});
    EXPECT_EQ(dialler.first_flight(), lines("/multistream/1.0.0|/a/2"));
    struct Row {
        Bytes input;
        Outcome outcome;
    };
    const Row table[] = {
        {joined(lines("/multistream/1.0.0|/a/2"), "hi"), {{}, "/a/2", "hi", {}}},
        {lines("/multistream/1.0.0|na"), {lines("/a/1"), {}, "", {}}},
        {joined(lines("/multistream/1.0.0|na|/a/1"), "hi"), {lines("/a/1"), "/a/1", "hi", {}}},
    };
    for (const Row& row : table) {
        EXPECT_EQ(feed(dialler, row.input, 10000), row.outcome);
    }
    EXPECT_EQ(feed(dialler, table[2].input, 1).protocol, "/a/1");
    EXPECT_EQ(feed(dialler, lines("/multistream/1.0.0|na|na"), 3).error, unsupported);
    EXPECT_EQ(feed(dialler, lines("/multistream/1.0.0|/a/1"), 3).error, unexpected_line)
        << "it was not proposed yet";
    EXPECT_EQ(feed(dialler, lines("na"), 3).error, unexpected_line);
}

}  // namespace
}  // namespace lepton::libp2p
