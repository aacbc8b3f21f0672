// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Streams in use. A task owns one stream and what is done on it; a set owns the tasks. Objects are
// destroyed between callbacks, never within one, so that neither the transport nor a task meets
// its own destruction. Reactor thread.
#pragma once

#include "libp2p/timer.hpp"
#include "libp2p/transport.hpp"

#include <cstdint>
#include <map>
#include <memory>

namespace lepton::libp2p {

class TaskSet;

/// What is done on one stream, from its opening to its end.
class StreamTask : public StreamHandler {
  public:
    explicit StreamTask(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

    void on_data(ByteView bytes) final;
    void on_end() final;
    void on_error(const StreamError& error) final;
    void on_writable() final;

  protected:
    // The events of the stream; none comes after end().
    virtual void data(ByteView bytes) = 0;
    virtual void data_ended() {}
    /// The stream is gone. The task has to end().
    virtual void failed(const StreamError& error) = 0;
    virtual void writable() {}

    Stream& stream() { return *stream_; }
    /// Gives the stream away, to another task; this one has to end().
    std::unique_ptr<Stream> release_stream() { return std::move(stream_); }
    /// Lets the set destroy this task and its stream soon.
    void end();

  private:
    friend class TaskSet;

    std::unique_ptr<Stream> stream_;
    TaskSet* set_ = nullptr;
    std::uint64_t id_ = 0;
    bool is_over_ = false;
};

class TaskSet {
  public:
    explicit TaskSet(DeferQueue& later) : later_(later) {}

    /// Takes the task and starts it: its stream reports to it from now on.
    template <class Task>
    Task& add(std::unique_ptr<Task> task) {
        Task& added = *task;
        start(std::move(task));
        return added;
    }

    /// Resets the stream and destroys it soon.
    void discard(std::unique_ptr<Stream> stream);

    /// Destroys every task with its stream, without a word to the task. Not from within a callback
    /// of a stream.
    void clear() { tasks_.clear(); }

  private:
    friend class StreamTask;

    void start(std::unique_ptr<StreamTask> task);
    void remove(std::uint64_t id);

    DeferQueue& later_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, std::unique_ptr<StreamTask>> tasks_;
};

}  // namespace lepton::libp2p
