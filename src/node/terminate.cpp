// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/terminate.hpp"

#include "base/log.hpp"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace lepton::node {
namespace {

std::string what_was_thrown() {
    try {
        if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
    return "terminated without an exception";
}

[[noreturn]] void on_terminate() {
    char thread[16] = "?";
    ::pthread_getname_np(::pthread_self(), thread, sizeof thread);
    std::fprintf(stderr,
                 "thread_failed component=%s what=%s\n",
                 thread,
                 log::quoted(what_was_thrown()).c_str());
    std::abort();
}

}  // namespace

void name_threads_that_throw() {
    std::set_terminate(on_terminate);
}

int fail(int code, std::string_view what) {
    log::flush();
    std::fprintf(stderr, "lepton: %.*s\n", static_cast<int>(what.size()), what.data());
    return code;
}

}  // namespace lepton::node
