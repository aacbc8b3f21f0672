// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fault_injector.hpp"

#include "node/assembly.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lepton::simulation {
namespace {

using std::chrono::milliseconds;

/// A node whose disk failed has ended after so long.
constexpr Duration kFailureTimeMax = std::chrono::seconds{5};

bool is_crash(FaultKind kind) {
    return kind == FaultKind::kill || kind == FaultKind::power_cut;
}

std::int64_t signed_of(std::uint64_t intensity, std::int64_t zero) {
    return static_cast<std::int64_t>(intensity) - zero;
}

}  // namespace

FaultInjector::FaultInjector(const Targets& targets, FaultPlan plan, std::uint64_t seed)
    : targets_(targets), plan_(std::move(plan)), random_(seed ^ 0x1d1ec7) {
    failing_since_.resize(targets_.nodes.size());
    const Time zero = targets_.simulator.now();
    for (const Fault& fault : plan_.faults) {
        targets_.simulator.at(zero + fault.begin, [this, fault] { begin(fault); });
    }
    targets_.simulator.at(zero + plan_.faults_end, [this] { end_all(); });
}

void FaultInjector::begin(const Fault& fault) {
    active_.push_back(fault);
    const auto which = std::prev(active_.end());
    targets_.simulator.after(fault.end - fault.begin, [this, which] {
        if (is_over_) return;
        const Fault ended = *which;
        active_.erase(which);
        end(ended);
        apply();
    });

    if (fault.kind == FaultKind::byzantine) {
        targets_.guests.at(fault.node)->begin(fault);
        return;
    }
    SimNode& node = *targets_.nodes.at(fault.node);
    switch (fault.kind) {
        case FaultKind::cut:
            for (const auto& other : targets_.nodes) {
                if (other->number() == fault.node) continue;
                if (fault.other != kAll && other->number() != fault.other) continue;
                targets_.network.drop_connections(*SimNode::address_of(fault.node).peer_id,
                                                  *SimNode::address_of(other->number()).peer_id);
            }
            ++count(fault.kind);
            break;
        case FaultKind::kill:
        case FaultKind::power_cut:
            if (!node.is_running()) break;
            crash(node, fault.kind == FaultKind::kill ? CrashKind::process : CrashKind::power);
            ++count(fault.kind);
            break;
        case FaultKind::clock_offset:
            // A process takes the time at its start for right.
            ++count(fault.kind);
            apply();
            if (!node.is_running()) break;
            crash(node, CrashKind::process);
            start(node);
            break;
        case FaultKind::crash_in_write: {
            const auto gone = [this, number = fault.node] { power_gone(number); };
            // The database is written once per block, the journal several times per vote.
            if (random_.below(2) == 0) {
                node.chain_disk().cut_power_at(fault.intensity, random_.below(2) == 0, gone);
            } else {
                node.journal_disk().cut_power_at(fault.intensity, gone);
            }
            break;
        }
        case FaultKind::chain_error:
            node.chain_disk().fail_at(fault.intensity);
            break;
        case FaultKind::journal_error:
            node.journal_disk().fail_at(fault.intensity);
            break;
        case FaultKind::latency:
        case FaultKind::bandwidth:
        case FaultKind::loss:
        case FaultKind::duplication:
        case FaultKind::full_queue:
            break;  // counted by what they do
        default:
            ++count(fault.kind);
    }
    apply();
}

void FaultInjector::end(const Fault& fault) {
    if (fault.kind == FaultKind::byzantine) {
        targets_.guests.at(fault.node)->end(fault);
        return;
    }
    SimNode& node = *targets_.nodes.at(fault.node);
    switch (fault.kind) {
        case FaultKind::crash_in_write:
            node.chain_disk().cut_power_at(0, false, {});
            node.journal_disk().cut_power_at(0, {});
            break;
        case FaultKind::chain_error:
            node.chain_disk().fail_at(0);
            break;
        case FaultKind::journal_error:
            node.journal_disk().fail_at(0);
            break;
        default:
            break;
    }
    if (is_crash(fault.kind) && !node.is_running()) start(node);
}

void FaultInjector::end_all() {
    is_over_ = true;
    const std::list<Fault> ended = std::exchange(active_, {});
    for (const Fault& fault : ended) end(fault);
    dark_.clear();
    apply();
    for (const auto& node : targets_.nodes) {
        if (!node->is_running()) start(*node);
    }
}

void FaultInjector::apply() {
    for (const auto& from : targets_.nodes) {
        const auto peer = *SimNode::address_of(from->number()).peer_id;
        for (const auto& to : targets_.nodes) {
            if (from == to) continue;
            targets_.network.set_path(peer,
                                      *SimNode::address_of(to->number()).peer_id,
                                      path_of(from->number(), to->number()));
        }
        const bool is_silent = path_of(from->number(), kAll).is_blocked;
        for (const auto& guest : targets_.guests) {
            targets_.network.set_path(peer, guest->peer_id(), {.is_blocked = is_silent});
        }
    }
    for (const auto& node : targets_.nodes) {
        bool is_paused = dark_.contains(node->number());
        std::int64_t drift = 0;
        Duration offset{};
        std::uint64_t slow = 1;
        std::size_t queue = SimMachine::kWorkQueueMax;
        std::set<std::string, std::less<>> stalled;
        for (const Fault& fault : active_) {
            if (fault.kind == FaultKind::byzantine || fault.node != node->number()) continue;
            switch (fault.kind) {
                case FaultKind::pause:
                    is_paused = true;
                    break;
                case FaultKind::clock_drift:
                    drift = signed_of(fault.intensity, 500);
                    break;
                case FaultKind::clock_offset:
                    offset += milliseconds{signed_of(fault.intensity, 2000)};
                    break;
                case FaultKind::clock_step:
                    offset += milliseconds{signed_of(fault.intensity, 10'000)};
                    break;
                case FaultKind::slow_verifier:
                    slow = std::max(slow, fault.intensity);
                    break;
                case FaultKind::full_queue:
                    queue = std::min(queue, static_cast<std::size_t>(fault.intensity));
                    break;
                case FaultKind::stalled_actor:
                    stalled.emplace(kActors.at(fault.other));
                    break;
                default:
                    break;
            }
        }
        node->machine().set_clock(drift, offset);
        node->machine().set_work(slow, queue);
        node->machine().set_stalled(std::move(stalled));
        node->machine().set_paused(is_paused);
    }
}

libp2p::SimPath FaultInjector::path_of(std::size_t from, std::size_t to) const {
    libp2p::SimPath path;
    for (const Fault& fault : active_) {
        if (fault.kind == FaultKind::pause && fault.node == from) path.is_blocked = true;
        if (fault.kind > FaultKind::one_way_partition || to == kAll) continue;
        const auto is_end = [&](std::size_t one, std::size_t two) {
            return fault.node == one && (fault.other == kAll || fault.other == two);
        };
        if (!is_end(from, to) && !is_end(to, from)) continue;
        switch (fault.kind) {
            case FaultKind::latency:
                path.jitter = std::max<Duration>(path.jitter, milliseconds{fault.intensity});
                break;
            case FaultKind::loss:
                path.loss = std::max(path.loss, static_cast<unsigned>(fault.intensity));
                break;
            case FaultKind::duplication:
                path.duplicates = std::max(path.duplicates, static_cast<unsigned>(fault.intensity));
                break;
            case FaultKind::bandwidth:
                path.bytes_per_second = path.bytes_per_second == 0
                                            ? fault.intensity
                                            : std::min(path.bytes_per_second, fault.intensity);
                break;
            case FaultKind::partition:
                path.is_blocked = true;
                break;
            default:
                path.is_blocked = path.is_blocked || is_end(from, to);
        }
    }
    return path;
}

void FaultInjector::see_to(SimNode& node) {
    if (!node.is_running()) return;
    Time& failing_since = failing_since_.at(node.number());
    const bool is_expected = node.failed_chain_writes() + node.failed_journal_writes() > 0;
    if (!is_expected) failing_since = targets_.simulator.now();
    const auto exit = node.exit();
    if (!exit) {
        const bool may_run =
            !dark_.contains(node.number()) &&
            std::ranges::none_of(active_, [&](const Fault& fault) {
                return fault.node == node.number() &&
                       (fault.kind == FaultKind::pause || fault.kind == FaultKind::stalled_actor ||
                        fault.kind == FaultKind::slow_verifier);
            });
        if (!may_run) failing_since = targets_.simulator.now();
        if (is_expected && targets_.simulator.now() - failing_since > kFailureTimeMax) {
            targets_.violations.add(fmt::format("{}: goes on after a failed write", node.name()));
        }
        return;
    }
    if (!is_expected || exit->code != node::kExitEnvironment) {
        targets_.violations.add(
            fmt::format("{} ended: code {} {}, {} writes failed",
                        node.name(),
                        exit->code,
                        exit->reason,
                        node.failed_chain_writes() + node.failed_journal_writes()));
    }
    if (node.failed_chain_writes() > 0) ++count(FaultKind::chain_error);
    if (node.failed_journal_writes() > 0) ++count(FaultKind::journal_error);
    crash(node, CrashKind::process);
    start_later(node);
}

void FaultInjector::crash(SimNode& node, CrashKind kind) {
    for (const auto& oracle : targets_.oracles) oracle->check(node, targets_.violations);
    node.crash(kind);
}

void FaultInjector::start(SimNode& node) {
    if (is_held_down(node) || dark_.contains(node.number())) return;
    const std::uint64_t failures = node.chain_disk().failures() + node.journal_disk().failures();
    const auto started = node.start();
    if (started) {
        failing_since_.at(node.number()) = targets_.simulator.now();
        for (const auto& oracle : targets_.oracles) oracle->started(node, targets_.violations);
        return;
    }
    const bool has_failed =
        node.chain_disk().failures() + node.journal_disk().failures() > failures;
    if (!has_failed) {
        targets_.violations.add(
            fmt::format("{} does not start: {}", node.name(), started.error().what));
    }
    start_later(node);
}

void FaultInjector::start_later(SimNode& node) {
    const Duration delay = is_over_ ? Duration::zero() : milliseconds{200 + random_.below(8'000)};
    targets_.simulator.after(delay, [this, &node] {
        if (!node.is_running()) start(node);
    });
}

bool FaultInjector::is_held_down(const SimNode& node) const {
    return std::ranges::any_of(active_, [&](const Fault& fault) {
        return is_crash(fault.kind) && fault.node == node.number();
    });
}

void FaultInjector::power_gone(std::size_t number) {
    ++count(FaultKind::crash_in_write);
    // This is called from within a turn of the node: it may end, and nothing else happens there.
    dark_.insert(number);
    targets_.nodes.at(number)->machine().set_paused(true);
    targets_.simulator.after(Duration::zero(), [this, number] {
        SimNode& node = *targets_.nodes.at(number);
        node.chain_disk().cut_power_at(0, false, {});
        node.journal_disk().cut_power_at(0, {});
        if (node.is_running()) {
            crash(node, CrashKind::power);
        } else {
            node.journal_disk().cut_power(random_);
        }
        dark_.erase(number);
        apply();
        start_later(node);
    });
}

FaultCounts FaultInjector::counts() const {
    FaultCounts counts = counts_;
    const libp2p::SimNetworkCounters& network = targets_.network.counters();
    const auto set = [&](FaultKind kind, std::uint64_t value) {
        counts[static_cast<std::size_t>(kind)] = value;
    };
    set(FaultKind::latency, network.delays);
    set(FaultKind::loss, network.losses);
    set(FaultKind::duplication, network.duplicate_connections + network.duplicate_requests);
    set(FaultKind::bandwidth, network.queued);
    std::uint64_t refused = 0;
    for (const auto& node : targets_.nodes) refused += node->machine().refused_work();
    set(FaultKind::full_queue, refused);
    std::uint64_t deeds = 0;
    for (const auto& guest : targets_.guests) deeds += guest->deeds();
    set(FaultKind::byzantine, deeds);
    return counts;
}

}  // namespace lepton::simulation
