// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// lepton-interop-peer: lepton's libp2p behind the contract of tests/interop/README.md. Commands
// come line by line on stdin (a pipe), events go to stdout. One thread.
#include "base/clock.hpp"
#include "crypto/secp256k1.hpp"
#include "libp2p/asio_reactor.hpp"
#include "libp2p/asio_udp_socket.hpp"
#include "libp2p/quic/transport.hpp"
#include "peer.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <unistd.h>

#include <csignal>
#include <iostream>

namespace lepton::interop {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitEnvironment = 74;
/// A block of the largest size in hex.
constexpr std::size_t kLineSizeMax = 32 * 1024 * 1024;
/// For the packets that close the connections.
constexpr auto kFarewellTime = std::chrono::milliseconds(200);

/// Reads lines from stdin until it ends or `on_line` returns false, then calls `on_end`.
class Lines {
  public:
    Lines(boost::asio::io_context& context,
          std::function<bool(std::string_view)> on_line,
          std::function<void()> on_end)
        : input_(context, ::dup(STDIN_FILENO)),
          on_line_(std::move(on_line)),
          on_end_(std::move(on_end)) {}

    void read() {
        boost::asio::async_read_until(
            input_, buffer_, '\n', [this](const boost::system::error_code& error, std::size_t) {
                if (error) return on_end_();
                std::string line;
                std::istream stream(&buffer_);
                std::getline(stream, line);
                if (!on_line_(line)) return on_end_();
                read();
            });
    }

  private:
    boost::asio::posix::stream_descriptor input_;
    boost::asio::streambuf buffer_{kLineSizeMax};
    std::function<bool(std::string_view)> on_line_;
    std::function<void()> on_end_;
};

int run(const std::string& key_hex, const std::string& listen) {
    const auto key_bytes = from_hex(key_hex);
    if (!key_bytes) return std::cerr << "--key: " << key_bytes.error() << '\n', kExitUsage;
    const auto key = crypto::secp256k1::SecretKey::parse(*key_bytes);
    if (!key) return std::cerr << "--key: no secp256k1 key\n", kExitUsage;
    const auto address = libp2p::Multiaddr::from_string(listen);
    if (!address) return std::cerr << "--listen: " << address.error() << '\n', kExitUsage;

    boost::asio::io_context context;
    const SystemClock clock;
    libp2p::AsioReactor reactor(context, clock);
    SystemRandom random;
    Metrics metrics;
    const libp2p::Identity identity(*key);
    Peer peer(reactor,
              std::make_unique<libp2p::QuicTransport>(
                  reactor, random, identity, metrics, libp2p::asio_udp_sockets(context)),
              random,
              identity,
              metrics,
              [](const boost::json::object& event) { std::cout << event << std::endl; });
    if (const auto listening = peer.listen(*address); !listening) {
        return std::cerr << listening.error().what << '\n', kExitEnvironment;
    }
    Lines lines(
        context,
        [&peer](std::string_view line) { return peer.command(line); },
        [&context] { context.stop(); });
    lines.read();
    context.run();

    peer.stop();
    context.restart();
    context.run_for(kFarewellTime);
    return 0;
}

}  // namespace
}  // namespace lepton::interop

int main(int argc, char** argv) {
    CLI::App app{
        "A peer on lepton's libp2p that takes JSON commands; see tests/interop/README.md."};
    std::string kind = "secp256k1";
    std::string key;
    std::string listen;
    app.add_option("--identity", kind, "secp256k1: the only kind that lepton has for itself")
        ->check(CLI::IsMember({"secp256k1"}));
    app.add_option("--key", key, "the secret key, 64 hex digits")->required();
    app.add_option("--listen", listen, "/ip4/…/udp/…/quic-v1")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    return lepton::interop::run(key, listen);
}
