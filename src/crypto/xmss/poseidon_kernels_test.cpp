// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/poseidon_kernels.hpp"

#include "base/random.hpp"
#include "crypto/xmss/poseidon.hpp"
#include "crypto/xmss/poseidon_checked.hpp"
#include "crypto/xmss/poseidon_ranges.hpp"
#include "crypto/xmss/poseidon_vector.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace lepton::crypto::xmss::poseidon_kernels {
namespace {

// States per width and kernel; the slow tier asks for more.
std::size_t states_to_try() {
    const char* const wanted = std::getenv("LEPTON_POSEIDON_STATES");
    return wanted == nullptr ? 100'000 : std::stoul(wanted);
}

constexpr std::array<Fp, 10> kEdges{
    0, 1, 2, kPrime / 2, kPrime / 2 + 1, kPrime / 2 + 2, kPrime - 2, kPrime - 1, 1u << 24, 0xffff};

// Random states; in every fourth group made of values at the edges of the ranges.
template <std::size_t Width>
Lanes<Width> draw(Random& random, std::size_t group) {
    Lanes<Width> states;
    for (LaneRow& row : states.rows) {
        for (Fp& element : row) {
            element = group % 4 == 0 ? kEdges[random.below(kEdges.size())]
                                     : static_cast<Fp>(random.below(kPrime));
        }
    }
    return states;
}

// The permutation as the specification writes it, one step after the other.
template <std::size_t Width>
Lanes<Width> permuted_plainly(Lanes<Width> states) {
    static const std::vector<Fp> constants = round_constants<Width>();
    constexpr std::size_t kRounds = 2 * kHalfFullRounds + kPartialRounds<Width>;
    for (std::size_t round = 0; round < kRounds; ++round) {
        const bool is_full = round < kHalfFullRounds || round + kHalfFullRounds >= kRounds;
        for (std::size_t i = 0; i < Width; ++i) {
            for (Fp& element : states.rows[i]) {
                element = add(element, constants[round * Width + i]);
                if (is_full || i == 0) element = multiply(element, multiply(element, element));
            }
        }
        Lanes<Width> next;
        for (std::size_t i = 0; i < Width; ++i) {
            // Products are below 2^62; 24 halves of them are below 2^37.
            std::array<std::uint64_t, kLanes> low{}, high{};
            for (std::size_t j = 0; j < Width; ++j) {
                const std::uint64_t coefficient = linear_layer<Width>(i, j);
                for (std::size_t lane = 0; lane < kLanes; ++lane) {
                    const std::uint64_t product = coefficient * states.rows[j][lane];
                    low[lane] += product & 0xffffffff;
                    high[lane] += product >> 32;
                }
            }
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                next.rows[i][lane] =
                    static_cast<Fp>(((high[lane] % kPrime << 32) % kPrime + low[lane]) % kPrime);
            }
        }
        states = next;
    }
    return states;
}

template <std::size_t Width>
Lanes<8> compression(const Lanes<Width>& in, const Lanes<Width>& permuted) {
    Lanes<8> out;
    for (std::size_t i = 0; i < out.rows.size(); ++i) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            out.rows[i][lane] = static_cast<Fp>(
                (std::uint64_t{permuted.rows[i][lane]} + in.rows[i][lane]) % kPrime);
        }
    }
    return out;
}

void permute(const Kernel& kernel, Lanes<16>& states) {
    kernel.permute16(states);
}

void permute(const Kernel& kernel, Lanes<24>& states) {
    kernel.permute24(states);
}

void compress(const Kernel& kernel, const Lanes<16>& in, Lanes<8>& out) {
    kernel.compress16(in, out);
}

void compress(const Kernel& kernel, const Lanes<24>& in, Lanes<8>& out) {
    kernel.compress24(in, out);
}

template <std::size_t Width>
void expect_plain_rounds_from_all(std::size_t states) {
    SeededRandom random{Width};
    for (std::size_t group = 0; group * kLanes < states; ++group) {
        const Lanes<Width> in = draw<Width>(random, group);
        const Lanes<Width> permuted = permuted_plainly(in);
        const Lanes<8> compressed = compression(in, permuted);
        for (const Kernel* kernel : available()) {
            Lanes<Width> replaced = in;
            permute(*kernel, replaced);
            ASSERT_EQ(replaced.rows, permuted.rows) << kernel->name << ", group " << group;
            Lanes<8> out;
            compress(*kernel, in, out);
            ASSERT_EQ(out.rows, compressed.rows) << kernel->name << ", group " << group;
        }
    }
}

TEST(PoseidonKernels, width_16_gives_what_the_plain_rounds_give) {
    expect_plain_rounds_from_all<16>(states_to_try());
}

TEST(PoseidonKernels, width_24_gives_what_the_plain_rounds_give) {
    expect_plain_rounds_from_all<24>(states_to_try());
}

TEST(PoseidonKernels, one_state_alone_gives_what_sixteen_give) {
    SeededRandom random{1};
    for (std::size_t group = 0; group * kLanes < states_to_try() / 10; ++group) {
        const Lanes<24> in = draw<24>(random, group);
        Lanes<24> expected = in;
        portable().permute24(expected);
        for (const Kernel* kernel : available()) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                std::array<Fp, 24> state, wanted;
                for (std::size_t i = 0; i < 24; ++i) {
                    state[i] = in.rows[i][lane];
                    wanted[i] = expected.rows[i][lane];
                }
                kernel->permute24_one(state);
                ASSERT_EQ(state, wanted) << kernel->name << ", group " << group;
            }
        }
    }
}

TEST(PoseidonKernels, known_answers_in_every_lane) {
    for (const Kernel* kernel : available()) {
        SCOPED_TRACE(kernel->name);
        Lanes<16> narrow;
        Lanes<24> wide;
        for (Fp i = 0; i < 16; ++i) narrow.rows[i].fill(i);
        for (Fp i = 0; i < 24; ++i) wide.rows[i].fill(i);
        kernel->permute16(narrow);
        kernel->permute24(wide);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            EXPECT_EQ(narrow.rows[0][lane], 610090613u);
            EXPECT_EQ(narrow.rows[1][lane], 935319874u);
            EXPECT_EQ(wide.rows[0][lane], 511672087u);
            EXPECT_EQ(wide.rows[1][lane], 215882318u);
        }
    }
}

template <std::size_t Width>
void expect_compression_in_place() {
    SeededRandom random{2};
    const Lanes<Width> in = draw<Width>(random, 1);
    for (const Kernel* kernel : available()) {
        Lanes<8> apart;
        compress(*kernel, in, apart);
        // The first rows of the input are the output: the same memory, as the interface permits.
        Lanes<Width> shared = in;
        compress(*kernel, shared, reinterpret_cast<Lanes<8>&>(shared));
        for (std::size_t i = 0; i < Width; ++i) {
            ASSERT_EQ(shared.rows[i], i < 8 ? apart.rows[i] : in.rows[i]) << kernel->name;
        }
    }
}

TEST(PoseidonKernels, output_may_be_the_first_rows_of_the_input) {
    expect_compression_in_place<16>();
    expect_compression_in_place<24>();
}

template <std::size_t Width>
void expect_ranges_hold(std::size_t states) {
    SeededRandom random{Width + 1};
    for (std::size_t group = 0; group * kLanes < states; ++group) {
        const Lanes<Width> in = draw<Width>(random, group);
        Lanes<Width> permuted = in, expected = in;
        VectorKernel<Checked, Width>::permute(permuted);
        permute(portable(), expected);
        ASSERT_EQ(permuted.rows, expected.rows);
        Lanes<8> compressed;
        VectorKernel<Checked, Width>::compress(in, compressed);
        ASSERT_EQ(compressed.rows, compression(in, expected).rows);
    }
}

// An assertion of Checked that fails ends the program.
TEST(PoseidonKernels, numbers_stay_in_their_ranges) {
    Checked::largest_sum = Checked::largest_word = 0;
    expect_ranges_hold<16>(states_to_try() / 10);
    expect_ranges_hold<24>(states_to_try() / 10);
    // What is checked is not far from overflowing.
    EXPECT_GT(Checked::largest_sum, std::int64_t{1} << 61);
    EXPECT_GT(Checked::largest_word, std::int64_t{1} << 29);
}

// The same for every input at once: an assertion of Ranges that fails ends the program.
TEST(PoseidonKernels, numbers_stay_in_their_ranges_whatever_the_input) {
    Ranges::largest_sum = 0;
    Lanes<16> narrow{};
    Lanes<24> wide{};
    Lanes<8> out{};
    VectorKernel<Ranges, 16>::permute(narrow);
    VectorKernel<Ranges, 24>::permute(wide);
    VectorKernel<Ranges, 16>::compress(narrow, out);
    VectorKernel<Ranges, 24>::compress(wide, out);
    EXPECT_GT(Ranges::largest_sum, std::int64_t{1} << 62);
}

TEST(PoseidonKernelsDeathTest, numbers_out_of_range_are_seen) {
    using Words = Checked::Words;
    const Words largest = Checked::set(0x7fffffff), smallest = Checked::set(-0x7fffffff - 1);
    EXPECT_DEATH(Checked::add(largest, Checked::set(1)), "");
    EXPECT_DEATH(Checked::nonnegative(Checked::set(0x7f000001)), "");
    const Checked::Longs square = Checked::multiply(smallest, smallest);
    EXPECT_DEATH(Checked::add_long(square, square), "");
}

TEST(PoseidonKernels, the_portable_one_is_always_there_and_last) {
    ASSERT_FALSE(available().empty());
    EXPECT_EQ(available().back(), &portable());
    EXPECT_EQ(&best(), available().front());
}

}  // namespace
}  // namespace lepton::crypto::xmss::poseidon_kernels
