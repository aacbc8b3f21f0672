// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/quic/memory_budget.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lepton::libp2p {
namespace {

/// Stands in front of every block; its size keeps the block aligned for any type.
struct alignas(std::max_align_t) Header {
    std::size_t size;
};

Header* header_of(void* memory) {
    return static_cast<Header*>(memory) - 1;
}

}  // namespace

MemoryBudget::~MemoryBudget() {
    LEPTON_ASSERT(used_ == 0);
}

void* MemoryBudget::allocate(std::size_t size) {
    if (size > limit_ - used_) {
        exceeded_ = true;
        return nullptr;
    }
    auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
    if (header == nullptr) return nullptr;
    header->size = size;
    used_ += size;
    peak_ = std::max(peak_, used_);
    return header + 1;
}

void* MemoryBudget::allocate_zeroed(std::size_t count, std::size_t size) {
    if (size != 0 && count > limit_ / size) {
        exceeded_ = true;
        return nullptr;
    }
    void* memory = allocate(count * size);
    if (memory != nullptr) std::memset(memory, 0, count * size);
    return memory;
}

void* MemoryBudget::reallocate(void* memory, std::size_t size) {
    void* larger = allocate(size);
    if (larger == nullptr || memory == nullptr) return larger;
    std::memcpy(larger, memory, std::min(size, header_of(memory)->size));
    release(memory);
    return larger;
}

void MemoryBudget::release(void* memory) {
    if (memory == nullptr) return;
    Header* header = header_of(memory);
    used_ -= header->size;
    std::free(header);
}

}  // namespace lepton::libp2p
