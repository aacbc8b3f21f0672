// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/key_progress.hpp"

#include <fmt/format.h>

namespace lepton::node {
namespace {

constexpr Duration kOnTerminal = std::chrono::milliseconds(200);
constexpr Duration kElsewhere = std::chrono::seconds(5);

}  // namespace

double KeyProgress::seconds() const {
    return std::chrono::duration<double>(clock_.now() - start_).count();
}

std::string KeyProgress::update(std::uint64_t keys_done, std::uint64_t slots_done) {
    const double share = (static_cast<double>(keys_done) +
                          static_cast<double>(slots_done) / static_cast<double>(slots_per_key_)) /
                         static_cast<double>(keys_);
    if (!share_at_start_) share_at_start_ = share;
    const double progress = share - *share_at_start_;
    if (clock_.now() < next_at_ || progress <= 0) return {};
    next_at_ = clock_.now() + (is_terminal_ ? kOnTerminal : kElsewhere);
    const std::string text = fmt::format("keys: {:3.0f} % ({} of {} keys), about {:.0f} s left",
                                         share * 100,
                                         keys_done,
                                         keys_,
                                         (1 - share) * seconds() / progress);
    return is_terminal_ ? "\r" + text + "\x1b[K" : text + "\n";
}

std::string KeyProgress::finish(std::uint64_t keys_done) const {
    if (next_at_ == start_ + kQuiet) return {};
    return fmt::format(
        "{}keys: {} made in {:.0f} s\n", is_terminal_ ? "\r\x1b[K" : "", keys_done, seconds());
}

}  // namespace lepton::node
