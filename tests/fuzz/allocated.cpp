// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Sanitizers own the allocator and tell of each allocation. Without one, this program's own
// operator new counts.
#include "fuzz/allocated.hpp"

#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define LEPTON_HAS_FEATURE(name) __has_feature(name)
#else
#define LEPTON_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    LEPTON_HAS_FEATURE(address_sanitizer) || LEPTON_HAS_FEATURE(thread_sanitizer)
#define LEPTON_SANITIZER_ALLOCATES 1
#else
#define LEPTON_SANITIZER_ALLOCATES 0
#endif

namespace {

thread_local std::size_t total = 0;

}  // namespace

#if LEPTON_SANITIZER_ALLOCATES

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             std::size_t),
                                                         void (*free_hook)(const volatile void*));

namespace {

void on_malloc(const volatile void*, std::size_t size) {
    total += size;
}
void on_free(const volatile void*) {}

[[maybe_unused]] const int kInstalled =
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);

}  // namespace

#else

void* operator new(std::size_t size) {
    total += size;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

#endif

namespace lepton::fuzz {

Allocated::Allocated() : before_(total) {}

std::size_t Allocated::bytes() const {
    return total - before_;
}

}  // namespace lepton::fuzz
