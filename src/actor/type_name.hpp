// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The short name of a type as text, known at compile time and the same with every compiler: for
// log lines, metrics and the simulator's trace. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lepton::actor {
namespace detail {

template <class T>
constexpr auto pretty_name() {
    constexpr std::string_view whole{__PRETTY_FUNCTION__};
    constexpr std::size_t begin = whole.find("T = ") + 4;
    constexpr std::size_t end = whole.find_first_of(";]", begin);
    return whole.substr(begin, end - begin);
}

// Where the scope in front of a `::` begins: an identifier with what it has in brackets.
constexpr std::size_t scope_begin(const char* text, std::size_t end) {
    std::size_t depth = 0;
    for (; end > 0; --end) {
        const char c = text[end - 1];
        if (c == ')' || c == '}' || c == '>') {
            ++depth;
        } else if (c == '(' || c == '{' || c == '<') {
            if (depth == 0) break;
            --depth;
        } else if (depth == 0) {
            const bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_';
            if (!is_name) break;
        }
    }
    return end;
}

template <class T>
struct TypeName {
    static constexpr std::string_view full = pretty_name<T>();
    struct Text {
        std::array<char, full.size() + 1> chars{};
        std::size_t size = 0;
    };
    static constexpr Text text = [] {
        Text out;
        for (std::size_t i = 0; i < full.size(); ++i) {
            if (full.substr(i, 2) == "::") {
                out.size = scope_begin(out.chars.data(), out.size);
                ++i;
            } else if (full.substr(i, 2) == " >") {
                continue;  // some compilers write `A<B<C> >`
            } else {
                out.chars[out.size++] = full[i];
            }
        }
        for (std::size_t i = out.size; i < full.size(); ++i) out.chars[i] = '\0';
        return out;
    }();
};

}  // namespace detail

/// Returns the name of T without namespaces and enclosing scopes. The text is static and ends with
/// a NUL byte.
template <class T>
constexpr std::string_view type_name() {
    return {detail::TypeName<T>::text.chars.data(), detail::TypeName<T>::text.size};
}

}  // namespace lepton::actor
