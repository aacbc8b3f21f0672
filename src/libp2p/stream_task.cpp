// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/stream_task.hpp"

namespace lepton::libp2p {

void StreamTask::on_data(ByteView bytes) {
    if (!is_over_) data(bytes);
}

void StreamTask::on_end() {
    if (!is_over_) data_ended();
}

void StreamTask::on_error(const StreamError& error) {
    if (!is_over_) failed(error);
}

void StreamTask::on_writable() {
    if (!is_over_) writable();
}

void StreamTask::end() {
    if (is_over_) return;
    is_over_ = true;
    set_->remove(id_);
}

void TaskSet::start(std::unique_ptr<StreamTask> task) {
    task->set_ = this;
    task->id_ = ++last_id_;
    StreamTask& started = *task;
    tasks_.emplace(started.id_, std::move(task));
    started.stream_->set_handler(&started);
}

void TaskSet::remove(std::uint64_t id) {
    auto node = tasks_.extract(id);
    later_.add([task = std::move(node.mapped())] {});
}

void TaskSet::discard(std::unique_ptr<Stream> stream) {
    later_.add([stream = std::move(stream)] {});
}

}  // namespace lepton::libp2p
