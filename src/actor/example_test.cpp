// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The worked example of the README, kept compiling and true.
#include "actor/simulated_system.hpp"

#include <gtest/gtest.h>

#include <expected>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace lepton::actor {
namespace {

using namespace std::chrono_literals;

// ---- the contract between the two: types only

enum class PublishError { no_peers };
struct PublishBlock {
    using reply = std::expected<int, PublishError>;  // peers it went to, or why not
    std::string block;
};
struct NewBlock {
    std::string block;
};

// ---- one actor

class P2pActor {
  public:
    using accepts = Accepts<On<PublishBlock, 8>>;

    explicit P2pActor(Recipient<NewBlock> new_block) : new_block_(std::move(new_block)) {}

    // Answers now. `void handle(PublishBlock, Reply<PublishBlock::reply>, Context<P2pActor>&)`
    // would answer later: keep the Reply, answer with std::move(reply)(value).
    PublishBlock::reply handle(PublishBlock, Context<P2pActor>&) {
        return std::unexpected(PublishError::no_peers);
    }

  private:
    Recipient<NewBlock> new_block_;
};

// ---- the other actor

class BlockchainActor {
  public:
    struct Slot {};  // a timer's message: not in accepts
    struct Retry {
        std::string block;
    };
    using Ctx = Context<BlockchainActor>;
    using accepts = Accepts<On<NewBlock, 64>>;

    BlockchainActor(Recipient<PublishBlock> publish, std::vector<std::string>& log)
        : publish_(std::move(publish)), log_(log) {}

    void started(Ctx& context) { context.every("slot", 4s, Slot{}); }
    void stopped(const ExitReason&, Ctx&) noexcept { log_.push_back("stopped"); }

    void handle(NewBlock message, Ctx&) { log_.push_back("imported " + message.block); }
    void handle(Slot, Ctx& context) { publish("block", context); }
    void handle(Retry retry, Ctx& context) { publish(retry.block, context); }

  private:
    void publish(const std::string& block, Ctx& context) {
        context.ask(
            publish_,
            {block},
            2s,
            [block](BlockchainActor& self, AskResult<PublishBlock::reply> outcome, Ctx& then) {
                if (!outcome) {  // full, stopped, dropped, timeout, cancelled
                    self.log_.push_back(std::string{to_string(outcome.error())});
                } else if (!*outcome) {  // the other side's own reason
                    self.log_.push_back("no peers");
                    then.key_after("retry", 1s, Retry{block});
                } else {
                    self.log_.push_back("published to " + std::to_string(**outcome));
                }
            });
    }

    Recipient<PublishBlock> publish_;
    std::vector<std::string>& log_;
};

// ---- wiring; in production the schedulers are ThreadPools

TEST(Example, runs) {
    SimulatedSystem world;
    std::vector<std::string> log;
    const auto [p2p, blockchain] = world.system.wire<P2pActor, BlockchainActor>(
        {{.name = "p2p", .scheduler = world.simulator},
         {.name = "blockchain", .scheduler = world.simulator, .restart = Restart::essential}},
        [](const auto& refs) { return P2pActor{std::get<1>(refs)}; },
        [&log](const auto& refs) { return BlockchainActor{std::get<0>(refs), log}; });
    world.simulator.run_ready();
    ASSERT_TRUE(world.system.is_ready());

    EXPECT_TRUE(blockchain.send(NewBlock{"genesis"}));
    world.simulator.run_for(6500ms);
    world.system.shutdown();
    world.simulator.run_ready();
    EXPECT_EQ(log,
              (std::vector<std::string>{
                  "imported genesis", "no peers", "no peers", "no peers", "stopped"}));
    EXPECT_EQ(world.system.exit(), (Exit{0, "shutdown"}));
}

}  // namespace
}  // namespace lepton::actor
