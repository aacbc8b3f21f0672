// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon.hpp"

#include "base/random.hpp"
#include "crypto/xmss/poseidon_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

namespace lepton::crypto::xmss {
namespace {

// The permutation as the specification writes it, one step after the other.
template <std::size_t Width>
void permute_plainly(State<Width>& state) {
    static const std::vector<Fp> constants = round_constants<Width>();
    constexpr std::size_t kRounds = 2 * kHalfFullRounds + kPartialRounds<Width>;
    for (std::size_t round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < Width; ++i) {
            state[i] = add(state[i], constants[round * Width + i]);
        }
        const bool is_full = round < kHalfFullRounds || round + kHalfFullRounds >= kRounds;
        for (std::size_t i = 0; i < (is_full ? Width : 1); ++i) {
            state[i] = multiply(state[i], multiply(state[i], state[i]));
        }
        State<Width> next{};
        for (std::size_t i = 0; i < Width; ++i) {
            std::uint64_t sum = 0;
            for (std::size_t j = 0; j < Width; ++j) {
                sum += std::uint64_t{linear_layer<Width>(i, j)} * state[j] % kPrime;
            }
            next[i] = static_cast<Fp>(sum % kPrime);
        }
        state = next;
    }
}

// Replaces each state by its permutation, with the portable kernel.
template <std::size_t Width>
void permute(std::span<State<Width>> states) {
    for (std::size_t n = 0; n < states.size(); n += kLanes) {
        const auto part = states.subspan(n, std::min(kLanes, states.size() - n));
        Lanes<Width> lanes{};
        for (std::size_t i = 0; i < Width; ++i) {
            for (std::size_t lane = 0; lane < part.size(); ++lane) {
                lanes.rows[i][lane] = part[lane][i];
            }
        }
        if constexpr (Width == 16) {
            poseidon_kernels::portable().permute16(lanes);
        } else {
            poseidon_kernels::portable().permute24(lanes);
        }
        for (std::size_t i = 0; i < Width; ++i) {
            for (std::size_t lane = 0; lane < part.size(); ++lane) {
                part[lane][i] = lanes.rows[i][lane];
            }
        }
    }
}

template <std::size_t Width>
State<Width> counting() {
    State<Width> state;
    for (std::size_t i = 0; i < Width; ++i) state[i] = static_cast<Fp>(i);
    return state;
}

// Random states, a quarter of them made of values at the edges of the ranges.
template <std::size_t Width>
std::vector<State<Width>> random_states(std::size_t count, std::uint64_t seed) {
    constexpr std::array<Fp, 8> kEdges{
        0, 1, 2, kPrime / 2, kPrime / 2 + 1, kPrime - 2, kPrime - 1, 1u << 24};
    SeededRandom random{seed};
    std::vector<State<Width>> states(count);
    for (std::size_t n = 0; n < count; ++n) {
        for (Fp& element : states[n]) {
            element = n % 4 == 0 ? kEdges[random.below(kEdges.size())]
                                 : static_cast<Fp>(random.below(kPrime));
        }
    }
    return states;
}

template <std::size_t Width>
void expect_kernel_equals_plain_rounds(std::size_t count, std::uint64_t seed) {
    const auto inputs = random_states<Width>(count, seed);
    auto outputs = inputs;
    permute<Width>(outputs);
    for (std::size_t n = 0; n < count; ++n) {
        State<Width> expected = inputs[n];
        permute_plainly<Width>(expected);
        ASSERT_EQ(outputs[n], expected) << "state " << n;
    }
}

template <std::size_t Width>
void expect_known_head(const std::array<Fp, 4>& head) {
    std::array<State<Width>, 1> states{counting<Width>()};
    permute<Width>(states);
    EXPECT_TRUE(std::equal(head.begin(), head.end(), states[0].begin()));
}

TEST(Poseidon, round_constants_begin_and_end_as_published) {
    const auto width16 = round_constants<16>();
    const auto width24 = round_constants<24>();
    ASSERT_EQ(width16.size(), 448u);
    ASSERT_EQ(width24.size(), 744u);
    EXPECT_EQ(width16[0], 2128964168u);
    EXPECT_EQ(width16[1], 288780357u);
    EXPECT_EQ(width24[0], 487143900u);
    EXPECT_EQ(width24[1], 1829048205u);
}

TEST(Poseidon, known_answers) {
    expect_known_head<16>({610090613, 935319874, 1893335292, 796792199});
    expect_known_head<24>({511672087, 215882318, 237782537, 740528428});
}

TEST(Poseidon, width_16_kernel_equals_the_plain_rounds) {
    expect_kernel_equals_plain_rounds<16>(2'000, 16);
}

TEST(Poseidon, width_24_kernel_equals_the_plain_rounds) {
    expect_kernel_equals_plain_rounds<24>(2'000, 24);
}

// Returns the numbers in the JSON list called `name`: decimal strings in quotes.
std::vector<Fp> list_in(const std::string& json, const std::string& name) {
    std::vector<Fp> numbers;
    std::size_t position = json.find('"' + name + '"');
    const std::size_t end = json.find(']', position);
    position = json.find('[', position);
    while ((position = json.find('"', position + 1)) < end) {
        numbers.push_back(static_cast<Fp>(std::stoul(json.substr(position + 1))));
        position = json.find('"', position + 1);
    }
    return numbers;
}

template <std::size_t Width>
void expect_vector(const std::vector<Fp>& input, const std::vector<Fp>& output) {
    ASSERT_EQ(input.size(), Width);
    std::array<State<Width>, 1> states;
    std::ranges::copy(input, states[0].begin());
    permute<Width>(states);
    EXPECT_EQ(std::vector<Fp>(states[0].begin(), states[0].end()), output);
}

TEST(Poseidon, gives_the_outputs_of_the_spec_vectors) {
    const std::filesystem::path folder = LEPTON_SOURCE_DIR
        "/../shared/vectors/leanspec-43246bd-test-scheme/consensus/poseidon_permutation";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no spec vectors at " << folder;
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        SCOPED_TRACE(entry.path().filename());
        std::ifstream file{entry.path()};
        const std::string json{std::istreambuf_iterator<char>{file}, {}};
        const auto input = list_in(json, "inputState");
        const auto output = list_in(json, "outputState");
        if (input.size() == 16)
            expect_vector<16>(input, output);
        else
            expect_vector<24>(input, output);
        ++files;
    }
    EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace lepton::crypto::xmss
