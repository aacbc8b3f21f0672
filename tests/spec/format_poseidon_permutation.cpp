// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon.hpp"
#include "spec/formats.hpp"

namespace lepton::spec {
namespace {

namespace xmss = crypto::xmss;

/// Elements are decimal strings, each below the field's prime.
template <std::size_t Width>
xmss::State<Width> state_of(const json::value& value) {
    const json::array& elements = as_array(value);
    if (elements.size() != Width) throw BadVector("a state of another width");
    xmss::State<Width> state;
    for (std::size_t i = 0; i < Width; ++i) {
        const std::uint64_t element = as_u64(elements[i]);
        if (element >= xmss::kPrime) throw BadVector(fmt::format("{} is no element", element));
        state[i] = static_cast<xmss::Fp>(element);
    }
    return state;
}

template <std::size_t Width>
Verdict permute(const json::object& body) {
    std::vector states{state_of<Width>(at(body, "inputState"))};
    xmss::permute<Width>(states);
    const auto expected = state_of<Width>(at(body, "outputState"));
    return expect_equal("outputState",
                        std::vector(states[0].begin(), states[0].end()),
                        std::vector(expected.begin(), expected.end()));
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
