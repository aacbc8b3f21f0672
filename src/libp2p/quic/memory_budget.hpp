// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A bound on what a library written in C may allocate for one peer. One thread.
#pragma once

#include <cstddef>

namespace lepton::libp2p {

/// Allocates until `limit` bytes are in use, then refuses. Memory may outlive nothing: everything
/// must be released before the budget is destroyed.
class MemoryBudget {
  public:
    explicit MemoryBudget(std::size_t limit) : limit_(limit) {}
    ~MemoryBudget();
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// As malloc, calloc, realloc and free; nullptr when the limit would be exceeded.
    void* allocate(std::size_t size);
    void* allocate_zeroed(std::size_t count, std::size_t size);
    void* reallocate(void* memory, std::size_t size);
    void release(void* memory);

    std::size_t used() const { return used_; }
    std::size_t peak() const { return peak_; }
    /// True once an allocation was refused.
    bool is_exceeded() const { return exceeded_; }

  private:
    std::size_t limit_;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
    bool exceeded_ = false;
};

}  // namespace lepton::libp2p
