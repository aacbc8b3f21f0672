// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "node/devnet/run_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lepton::node {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
  protected:
    RunDirectoryTest() {
        std::string name = (fs::temp_directory_path() / "lepton-run-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~RunDirectoryTest() override { fs::remove_all(directory_); }

    void write(const std::string& file, const std::string& text) const {
        const fs::path path = directory_ / file;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    std::string error() const {
        const auto cleared = clear_run_directory(directory_.string());
        return cleared ? "" : cleared.error().what;
    }

    fs::path directory_;
};

TEST_F(RunDirectoryTest, what_is_not_there_is_made) {
    EXPECT_TRUE(clear_run_directory((directory_ / "a" / "b").string()));
    EXPECT_TRUE(fs::is_directory(directory_ / "a" / "b"));
}

TEST_F(RunDirectoryTest, only_what_a_devnet_wrote_goes) {
    write("devnet.json", R"([{"name": "lepton_0"}, {"name": "../elsewhere"}, 7])");
    write("lepton_0/node.log", "");
    write("genesis/config.yaml", "");
    write("notes.txt", "mine");
    EXPECT_EQ(error(), "");
    EXPECT_FALSE(fs::exists(directory_ / "lepton_0"));
    EXPECT_FALSE(fs::exists(directory_ / "genesis"));
    EXPECT_FALSE(fs::exists(directory_ / "devnet.json"));
    EXPECT_TRUE(fs::exists(directory_ / "notes.txt"));
}

TEST_F(RunDirectoryTest, a_directory_of_something_else_is_left_alone) {
    write("notes.txt", "mine");
    EXPECT_NE(error().find("no devnet ran there"), std::string::npos) << error();
    write("devnet.json", "{}");
    EXPECT_NE(error().find("not what a devnet writes"), std::string::npos) << error();
    EXPECT_TRUE(fs::exists(directory_ / "notes.txt"));
}

}  // namespace
}  // namespace lepton::node
