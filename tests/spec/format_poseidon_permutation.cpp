// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon_kernels.hpp"
#include "spec/formats.hpp"

namespace lepton::spec {
namespace {

namespace xmss = crypto::xmss;

/// Elements are decimal strings, each below the field's prime.
template <std::size_t Width>
using State = std::array<xmss::Fp, Width>;

template <std::size_t Width>
State<Width> state_of(const json::value& value) {
    const json::array& elements = as_array(value);
    if (elements.size() != Width) throw BadVector("a state of another width");
    State<Width> state;
    for (std::size_t i = 0; i < Width; ++i) {
        const std::uint64_t element = as_u64(elements[i]);
        if (element >= xmss::kPrime) throw BadVector(fmt::format("{} is no element", element));
        state[i] = static_cast<xmss::Fp>(element);
    }
    return state;
}

template <std::size_t Width>
Verdict expect_state(std::string_view where,
                     const State<Width>& state,
                     const State<Width>& expected) {
    return expect_equal(fmt::format("outputState by {}", where),
                        std::vector(state.begin(), state.end()),
                        std::vector(expected.begin(), expected.end()));
}

/// The state in every lane must become the output.
template <std::size_t Width>
Verdict permute(const xmss::poseidon_kernels::Kernel& kernel,
                const State<Width>& input,
                const State<Width>& expected) {
    xmss::Lanes<Width> lanes;
    for (std::size_t i = 0; i < Width; ++i) lanes.rows[i].fill(input[i]);
    if constexpr (Width == 16)
        kernel.permute16(lanes);
    else
        kernel.permute24(lanes);
    for (std::size_t lane = 0; lane < xmss::kLanes; ++lane) {
        State<Width> state;
        for (std::size_t i = 0; i < Width; ++i) state[i] = lanes.rows[i][lane];
        const auto verdict = expect_state<Width>(kernel.name, state, expected);
        if (!verdict) return verdict;
    }
    if constexpr (Width == 24) {
        State<24> state = input;
        kernel.permute24_one(state);
        return expect_state<Width>(kernel.name, state, expected);
    }
    return {};
}

template <std::size_t Width>
Verdict permute(const json::object& body) {
    const auto input = state_of<Width>(at(body, "inputState"));
    const auto expected = state_of<Width>(at(body, "outputState"));
    for (const auto* kernel : xmss::poseidon_kernels::available()) {
        const auto verdict = permute<Width>(*kernel, input, expected);
        if (!verdict) return verdict;
    }
    return {};
}

}  // namespace

Verdict run_poseidon_permutation(const Vector& vector) {
    vector_members(vector, {"width", "inputState", "outputState"});
    const std::uint64_t width = as_u64(at(vector.body, "width"));
    if (width == 16) return permute<16>(vector.body);
    if (width == 24) return permute<24>(vector.body);
    throw BadVector(fmt::format("unknown width {}", width));
}

}  // namespace lepton::spec
