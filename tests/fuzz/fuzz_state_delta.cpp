// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "fuzz/allocated.hpp"
#include "fuzz/target.hpp"
#include "storage/state_delta.hpp"
#include "storage/test_chain.hpp"

namespace lepton::fuzz {
namespace {

using namespace storage;

const TestBlock& parent() {
    static const TestBlock block = test_child(test_genesis(), Slot{5});
    return block;
}
const TestBlock& child() {
    static const TestBlock block = test_child(parent(), Slot{6});
    return block;
}
SplitState split(const State& state) {
    return split_state(ssz::encode(state)).value();
}

/// Input: the form of a state, and also a difference to a state that is known.
void run(ByteView input) {
    const Allocated allocated;
    if (const auto state = split_state(input)) {
        LEPTON_ASSERT(allocated.bytes() <= 2 * input.size() + 512);
        LEPTON_ASSERT(join_state(*state) == to_bytes(input));
    }
    static const SplitState base = split(parent().state);
    static const std::size_t base_size = join_state(base).size();
    SplitState state = base;
    const Allocated allocated_by_delta;
    const bool fits = apply_delta(state, input);
    LEPTON_ASSERT(allocated_by_delta.bytes() <= 16 * (base_size + input.size()) + 1024);
    const Bytes joined_state = join_state(state);
    LEPTON_ASSERT(split_state(joined_state) == state);
    if (!fits) return;
    SplitState again = base;
    LEPTON_ASSERT(apply_delta(again, make_delta(base, state)) && again == state);
}

std::vector<Bytes> seeds() {
    const Bytes delta = make_delta(split(parent().state), split(child().state));
    return {ssz::encode(parent().state),
            delta,
            Bytes(delta.begin(), delta.end() - 1),
            make_delta(split(child().state), split(parent().state))};
}

const Registration kTarget({"state_delta", 1536, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
