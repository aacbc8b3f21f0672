// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Orders are lines of a file, `POINT ACTION [NUMBER]`, read as they are appended:
//   throw [times]   the next hits throw             return   the next hit ends its loop
//   hang            the next hit never returns      error    from now on every hit fails
//   overflow MS     full for so long                `clock set MS`: wall time is off by MS
#include "base/fault.hpp"

#ifdef LEPTON_FAULTS

#include "base/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace lepton::fault {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Order {
    std::string action;
    std::int64_t times = 0;
    steady_clock::time_point until;
};

std::atomic<bool> has_orders{false};
std::atomic<std::int64_t> offset_ms{0};
std::mutex mutex;
std::map<std::string, Order, std::less<>> orders;

void take(const std::string& line) {
    std::istringstream words(line);
    std::string point;
    std::string action;
    std::int64_t number = 1;
    words >> point >> action >> number;
    if (point == "clock") {
        offset_ms = number;
    } else {
        const std::lock_guard lock(mutex);
        orders[point] = {action, number, steady_clock::now() + milliseconds{number}};
        has_orders = true;
    }
    log::warn("fault_ordered point={} action={} number={}", point, action, number);
}

void follow(const std::string& path) {
    std::streamoff read = 0;
    for (;; std::this_thread::sleep_for(milliseconds{20})) {
        std::ifstream file(path);
        file.seekg(read);
        std::string line;
        // A line without its end is not whole yet.
        while (std::getline(file, line) && !file.eof()) {
            read += static_cast<std::streamoff>(line.size()) + 1;
            take(line);
        }
    }
}

// Returns what is ordered at `point`, among actions that are used up.
std::string use(std::string_view point) {
    const std::lock_guard lock(mutex);
    const auto order = orders.find(point);
    if (order == orders.end() || order->second.times <= 0) return {};
    const std::string& action = order->second.action;
    if (action != "throw" && action != "return" && action != "hang") return {};
    --order->second.times;
    return action;
}

}  // namespace

void take_orders() {
    if (const char* path = std::getenv("LEPTON_FAULTS")) {
        std::thread(follow, std::string(path)).detach();
    }
}

bool hit(std::string_view point) {
    if (!has_orders) return false;
    const std::string action = use(point);
    if (action.empty()) return false;
    log::warn("fault_injected point={} action={}", point, action);
    if (action == "throw") throw std::runtime_error("injected fault");
    while (action == "hang") std::this_thread::sleep_for(std::chrono::hours{1});
    return true;
}

bool is_full(std::string_view point) {
    if (!has_orders) return false;
    const std::lock_guard lock(mutex);
    const auto order = orders.find(point);
    return order != orders.end() && order->second.action == "overflow" &&
           steady_clock::now() < order->second.until;
}

bool fails(std::string_view point) {
    if (!has_orders) return false;
    const std::lock_guard lock(mutex);
    const auto order = orders.find(point);
    if (order == orders.end() || order->second.action != "error") return false;
    if (order->second.times-- == 1) log::warn("fault_injected point={} action=error", point);
    return true;
}

std::int64_t wall_offset_ms() {
    return offset_ms;
}

}  // namespace lepton::fault

#endif
