// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "actor/system.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <map>
#include <ranges>

namespace lepton::actor {

System::System(const SystemOptions& options)
    : options_(options),
      core_(std::make_shared<SystemCore>(options.offload, options.random)),
      root_(std::make_shared<Supervisor>(
          core_, options.control, options.root, options.stop_deadline)) {
    cells_.push_back(root_);
    core_->on_stop_request([root = root_] { root->request_stop(StopMode::close); });
    root_->request_start();
}

System::~System() {
    kill();
}

void System::adopt(std::span<const ChildSpec> children, std::span<const CellPtr> cells) {
    // Time above the children's own deadlines for a nested supervisor to report.
    constexpr Duration kSupervisorMargin = std::chrono::seconds{1};

    std::vector<Supervisor::Child> of_root;
    struct Nested {
        std::shared_ptr<Supervisor> supervisor;
        std::size_t position;  // in of_root
        std::vector<Supervisor::Child> children;
    };
    std::map<const SupervisorSpec*, Nested> nested;
    std::vector<CellPtr> added(cells.begin(), cells.end());

    for (std::size_t i = 0; i < children.size(); ++i) {
        const ChildSpec& spec = children[i];
        const Supervisor::Child child{.cell = cells[i],
                                      .restart = spec.restart,
                                      .on_stop = spec.on_stop,
                                      .stop_deadline = spec.stop_deadline};
        if (!spec.supervisor) {
            cells[i]->set_parent(root_);
            of_root.push_back(child);
            continue;
        }
        auto [found, is_new] = nested.try_emplace(spec.supervisor);
        Nested& group = found->second;
        if (is_new) {
            group.supervisor =
                std::make_shared<Supervisor>(core_, options_.control, *spec.supervisor);
            group.supervisor->set_parent(root_);
            group.position = of_root.size();
            added.push_back(group.supervisor);
            of_root.push_back({.cell = group.supervisor,
                               .restart = spec.supervisor->restart,
                               .on_stop = OnStop::discard,
                               .stop_deadline = kSupervisorMargin});
        }
        cells[i]->set_parent(group.supervisor);
        group.children.push_back(child);
        const auto phases = spec.on_stop == OnStop::drain ? 2 : 1;
        of_root[group.position].stop_deadline += phases * spec.stop_deadline;
    }

    {
        const std::lock_guard lock(mutex_);
        std::erase_if(cells_, [](const CellPtr& cell) { return cell->is_finished(); });
        cells_.insert(cells_.end(), added.begin(), added.end());
    }
    for (const auto& [spec, group] : nested) group.supervisor->adopt(group.children);
    root_->adopt(of_root);
}

void System::shutdown(const std::string& reason) {
    core_->request_stop({kExitClean, reason});
}

void System::kill() {
    std::vector<CellPtr> cells;
    {
        const std::lock_guard lock(mutex_);
        cells.swap(cells_);
    }
    if (cells.empty()) return;
    core_->on_stop_request(nullptr);
    core_->is_ready = false;
    for (const CellPtr& cell : cells) {
        LEPTON_ASSERT(current_cell() != cell.get(), cell->name() + " kills its own system");
        cell->mark_dead();
    }
    for (const CellPtr& cell : std::views::reverse(cells)) cell->kill();
    core_->note({kExitSupervision, "killed"});
    core_->publish();
}

Exit System::wait_exit() const {
    LEPTON_ASSERT(current_cell() == nullptr, "a handler may not block");
    return core_->wait();
}

std::optional<Exit> System::wait_exit_for(Duration duration) const {
    LEPTON_ASSERT(current_cell() == nullptr, "a handler may not block");
    return core_->wait_for(duration);
}

std::vector<CellSnapshot> System::snapshot() const {
    const std::lock_guard lock(mutex_);
    std::vector<CellSnapshot> out;
    out.reserve(cells_.size());
    for (const CellPtr& cell : cells_) out.push_back(cell->snapshot());
    return out;
}

void System::request_pulses() const {
    std::vector<CellPtr> cells;
    {
        const std::lock_guard lock(mutex_);
        cells = cells_;
    }
    for (const CellPtr& cell : cells) cell->request_pulse();
}

std::vector<CellProgress> System::progress() const {
    const std::lock_guard lock(mutex_);
    std::vector<CellProgress> out;
    out.reserve(cells_.size());
    for (const CellPtr& cell : cells_) out.push_back(cell->progress());
    return out;
}

std::optional<Time> System::stop_due() const {
    const Duration::rep due = core_->stop_due;
    return due == 0 ? std::nullopt : std::optional{Time{Duration{due}}};
}

}  // namespace lepton::actor
