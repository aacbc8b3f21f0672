// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Runs every fuzz target on its seeds, on the committed inputs that once showed a defect, on what
// make_corpus.py made of the conformance vectors, and on mutations of all of these that are the
// same in every run. So every build exercises the targets, whatever its compiler and sanitizers.
#include "base/log.hpp"
#include "base/random.hpp"
#include "fuzz/target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// A defect ends the program by a signal, of which the handler below tells the input.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "abort_on_error=1";
}
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
    return "abort_on_error=1";
}

namespace lepton::fuzz {
namespace {

/// Mutations of one input, and of all inputs of a target together: a few seconds in all.
constexpr std::size_t kMutationsOfInput = 64;
constexpr std::size_t kMutationsOfTarget = 2048;

struct NamedInput {
    std::string name;
    Bytes bytes;
};

/// What is being run, for the handler.
std::string present;

void tell_input(int) {
    (void)!::write(STDERR_FILENO, present.data(), present.size());
    std::signal(SIGABRT, SIG_DFL);
    std::raise(SIGABRT);
}

void run(const Target& target, const std::string& name, ByteView input) {
    present = std::string(target.name) + " failed on " + name + ": " + to_hex(input) + "\n";
    target.run(input);
}

/// Returns the files in `directory`, by name.
std::vector<NamedInput> files_in(const std::filesystem::path& directory) {
    std::vector<NamedInput> inputs;
    if (!std::filesystem::is_directory(directory)) return inputs;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.push_back(
            {entry.path().filename().string(),
             {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
    }
    std::ranges::sort(inputs, {}, &NamedInput::name);
    return inputs;
}

/// Returns `input` with one to four changes.
Bytes mutated(Bytes input, std::size_t size_max, Random& random) {
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
        const auto place = [&](std::size_t end) {
            return input.begin() + static_cast<std::ptrdiff_t>(random.below(end + 1));
        };
        const auto byte = [&] {
            constexpr std::uint8_t kOdd[] = {0, 1, 0x7f, 0x80, 0xff};
            return random.below(2) == 0 ? kOdd[random.below(std::size(kOdd))]
                                        : static_cast<std::uint8_t>(random.below(256));
        };
        const std::uint64_t what = input.empty() ? 0 : random.below(6);
        if (what == 0) {
            input.insert(place(input.size()), byte());
        } else if (what == 1) {
            input.erase(place(input.size() - 1));
        } else if (what == 2) {
            *place(input.size() - 1) ^= static_cast<std::uint8_t>(1U << random.below(8));
        } else if (what == 3) {
            input.resize(random.below(input.size() + 1));
        } else if (what == 4) {
            const Bytes copy(place(input.size()), input.end());
            input.insert(place(input.size()), copy.begin(), copy.end());
        } else {
            *place(input.size() - 1) = byte();
        }
    }
    if (input.size() > size_max) input.resize(size_max);
    return input;
}

void replay(const Target& target, const std::vector<NamedInput>& inputs) {
    ASSERT_FALSE(inputs.empty());
    SeededRandom random{inputs.size()};
    const std::size_t mutations =
        std::min(kMutationsOfInput, kMutationsOfTarget / inputs.size() + 1);
    for (const NamedInput& input : inputs) {
        run(target, input.name, input.bytes);
        for (std::size_t i = 0; i < mutations; ++i) {
            run(target,
                input.name + ", mutation " + std::to_string(i),
                mutated(input.bytes, target.size_max, random));
        }
    }
}

/// The inputs that come with the source.
class SourceReplay : public testing::Test {
  public:
    explicit SourceReplay(const Target& target) : target_(target) {}

    void TestBody() override {
        std::vector<NamedInput> inputs;
        for (Bytes& seed : target_.seeds()) {
            inputs.push_back({"seed_" + std::to_string(inputs.size()), std::move(seed)});
        }
        std::ranges::move(files_in(std::filesystem::path(LEPTON_FUZZ_REGRESSIONS) / target_.name),
                          std::back_inserter(inputs));
        replay(target_, inputs);
    }

  private:
    const Target& target_;
};

/// The inputs that make_corpus.py made of the vectors.
class VectorReplay : public testing::Test {
  public:
    explicit VectorReplay(const Target& target) : target_(target) {}

    void TestBody() override { replay(target_, files_in(directory(target_))); }

    static std::filesystem::path directory(const Target& target) {
        return std::filesystem::path(LEPTON_FUZZ_CORPUS) / target.name;
    }

  private:
    const Target& target_;
};

TEST(ReplayVectors, were_made_into_inputs) {
    if (!std::filesystem::is_directory(LEPTON_FUZZ_CORPUS)) {
        GTEST_SKIP() << "no ../shared/vectors to make inputs of";
    }
    const auto has_inputs = [](const Target& target) {
        return std::filesystem::is_directory(VectorReplay::directory(target));
    };
    EXPECT_GE(std::ranges::count_if(targets(), has_inputs), 20);
}

template <class Test>
void add(const char* suite, const Target& target) {
    testing::RegisterTest(suite,
                          std::string(target.name).c_str(),
                          nullptr,
                          nullptr,
                          __FILE__,
                          __LINE__,
                          [&target]() -> testing::Test* { return new Test(target); });
}

}  // namespace
}  // namespace lepton::fuzz

int main(int count, char** arguments) {
    using namespace lepton::fuzz;
    lepton::log::set_level(lepton::log::Level::off);
    std::signal(SIGABRT, tell_input);
    testing::InitGoogleTest(&count, arguments);
    for (const Target& target : targets()) {
        add<SourceReplay>("Replay", target);
        if (std::filesystem::is_directory(VectorReplay::directory(target))) {
            add<VectorReplay>("ReplayVectors", target);
        }
    }
    return RUN_ALL_TESTS();
}
