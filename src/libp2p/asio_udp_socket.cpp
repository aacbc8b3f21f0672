// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/asio_udp_socket.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "libp2p/quic/limits.hpp"

#include <boost/asio/ip/udp.hpp>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lepton::libp2p {
namespace {

using boost::asio::ip::udp;

// Older C libraries do not name what the kernel has had since 4.18 and 5.0.
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

/// Room for ancillary data: the local address and the segment size.
constexpr std::size_t kControlSize =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(int));
/// The most that the kernel joins into one read.
constexpr std::size_t kReadSizeMax = 65536;

void set_option(int fd, int level, int name, int value) {
    // Each of these makes things better where the kernel knows it, and is not needed.
    (void)::setsockopt(fd, level, name, &value, sizeof value);
}

/// Asks for a socket buffer and says so when the kernel gives less than a quarter of it.
void set_buffer(int fd, int name, int size, const char* sysctl) {
    set_option(fd, SOL_SOCKET, name, size);
    int granted = 0;
    socklen_t length = sizeof granted;
    // The kernel reports twice what it grants, for its own bookkeeping.
    if (::getsockopt(fd, SOL_SOCKET, name, &granted, &length) == 0 && granted / 2 < size / 4) {
        log::warn("udp_buffer_small wanted={} granted={} raise={}", size, granted / 2, sysctl);
    }
}

template <class Value>
void add_control(msghdr& message, cmsghdr*& next, int level, int type, const Value& value) {
    next->cmsg_level = level;
    next->cmsg_type = type;
    next->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(next), &value, sizeof value);
    message.msg_controllen += CMSG_SPACE(sizeof value);
    next = reinterpret_cast<cmsghdr*>(static_cast<unsigned char*>(message.msg_control) +
                                      message.msg_controllen);
}

class AsioUdpSocket final : public DatagramSocket {
  public:
    explicit AsioUdpSocket(udp::socket socket, const SocketAddress& local)
        : io_(std::make_shared<Io>(std::move(socket), local)) {}
    ~AsioUdpSocket() override { io_->close(); }

    SocketAddress local_address() const override { return io_->local; }
    void start(DatagramReceiver& receiver) override {
        io_->receiver = &receiver;
        io_->wait_readable();
    }
    std::size_t send(const SocketAddress& to,
                     const IpAddress& from,
                     ByteView bytes,
                     std::size_t segment_size) override {
        return io_->send(to, from, bytes, segment_size);
    }

  private:
    /// The part that operations of Asio keep alive: a callback may destroy the socket.
    struct Io : std::enable_shared_from_this<Io> {
        Io(udp::socket with, const SocketAddress& bound)
            : socket(std::move(with)), local(bound), read_buffer(kReadSizeMax) {}

        void close() {
            receiver = nullptr;
            boost::system::error_code ignored;
            socket.close(ignored);
        }

        void wait_readable() {
            socket.async_wait(udp::socket::wait_read,
                              [self = shared_from_this()](boost::system::error_code error) {
                                  if (!error) self->read();
                              });
        }

        /// Hands over what has arrived, at most about limits::kDatagramsPerPoll datagrams.
        void read() {
            std::size_t count = 0;
            while (receiver != nullptr && count < limits::kDatagramsPerPoll) {
                const std::size_t datagrams = read_once();
                if (datagrams == 0) break;
                count += datagrams;
            }
            if (receiver != nullptr) receiver->on_batch_end();
            if (receiver != nullptr) wait_readable();
        }

        /// Returns how many datagrams one system call brought, empty ones included; 0 when there
        /// are none.
        std::size_t read_once() {
            sockaddr_storage from{};
            iovec vector{read_buffer.data(), read_buffer.size()};
            alignas(cmsghdr) std::array<unsigned char, kControlSize> control{};
            msghdr message{};
            message.msg_name = &from;
            message.msg_namelen = sizeof from;
            message.msg_iov = &vector;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            const ssize_t size = ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT);
            if (size < 0) {
                // An error that an earlier datagram met on its way; the next read is another try.
                const bool is_empty = errno == EAGAIN || errno == EWOULDBLOCK;
                return is_empty ? 0 : 1;
            }
            const auto remote = SocketAddress::from_sockaddr(from);
            if (!remote) return 1;

            const auto total = static_cast<std::size_t>(size);
            IpAddress local_ip = local.ip;
            std::size_t segment_size = total;
            read_control(message, local_ip, segment_size);

            std::size_t count = 0;
            std::size_t at = 0;
            do {
                const std::size_t length = std::min(segment_size, total - at);
                if (receiver == nullptr) break;
                receiver->on_datagram(
                    {*remote, local_ip, ByteView{read_buffer}.subspan(at, length)});
                at += length;
                ++count;
            } while (at < total);
            return std::max<std::size_t>(count, 1);
        }

        static void read_control(msghdr& message, IpAddress& local_ip, std::size_t& segment_size) {
            for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
                 part = CMSG_NXTHDR(&message, part)) {
                if (part->cmsg_level == SOL_UDP && part->cmsg_type == kUdpGro) {
                    int size = 0;
                    std::memcpy(&size, CMSG_DATA(part), sizeof size);
                    if (size > 0) segment_size = static_cast<std::size_t>(size);
                } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
                    in_pktinfo info{};
                    std::memcpy(&info, CMSG_DATA(part), sizeof info);
                    std::memcpy(local_ip.bytes.data(), &info.ipi_addr, 4);
                } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
                    in6_pktinfo info{};
                    std::memcpy(&info, CMSG_DATA(part), sizeof info);
                    std::memcpy(local_ip.bytes.data(), &info.ipi6_addr, 16);
                }
            }
        }

        std::size_t send(const SocketAddress& to,
                         const IpAddress& from,
                         ByteView bytes,
                         std::size_t segment_size) {
            LEPTON_ASSERT(segment_size > 0 && !bytes.empty());
            std::size_t taken = 0;
            while (taken < bytes.size()) {
                const ByteView rest = bytes.subspan(taken);
                const ByteView part =
                    has_gso ? rest : rest.first(std::min(segment_size, rest.size()));
                const int error = send_once(to, from, part, segment_size);
                if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS) {
                    wait_writable();
                    break;
                }
                const bool is_batch = part.size() > segment_size;
                if (is_batch && (error == EIO || error == EINVAL || error == ENOPROTOOPT)) {
                    // The device cannot cut batches: one call for each datagram from now on.
                    has_gso = false;
                    continue;
                }
                taken += part.size();
            }
            return taken;
        }

        /// Returns 0 or the system's error.
        int send_once(const SocketAddress& to,
                      const IpAddress& from,
                      ByteView bytes,
                      std::size_t segment_size) {
            sockaddr_storage name{};
            iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
            alignas(cmsghdr) std::array<unsigned char, kControlSize> control{};
            msghdr message{};
            message.msg_namelen = to.to_sockaddr(name);
            message.msg_name = &name;
            message.msg_iov = &vector;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            auto* next = reinterpret_cast<cmsghdr*>(control.data());
            if (local.ip.is_unspecified() && !from.is_unspecified()) {
                if (from.is_ip6()) {
                    in6_pktinfo info{};
                    std::memcpy(&info.ipi6_addr, from.bytes.data(), 16);
                    add_control(message, next, IPPROTO_IPV6, IPV6_PKTINFO, info);
                } else {
                    in_pktinfo info{};
                    std::memcpy(&info.ipi_spec_dst, from.bytes.data(), 4);
                    add_control(message, next, IPPROTO_IP, IP_PKTINFO, info);
                }
            }
            if (bytes.size() > segment_size) {
                add_control(
                    message, next, SOL_UDP, kUdpSegment, static_cast<std::uint16_t>(segment_size));
            }
            if (message.msg_controllen == 0) message.msg_control = nullptr;
            while (::sendmsg(socket.native_handle(), &message, MSG_DONTWAIT) < 0) {
                if (errno != EINTR) return errno;
            }
            return 0;
        }

        void wait_writable() {
            if (std::exchange(is_waiting_writable, true)) return;
            socket.async_wait(udp::socket::wait_write,
                              [self = shared_from_this()](boost::system::error_code error) {
                                  self->is_waiting_writable = false;
                                  if (!error && self->receiver) self->receiver->on_sendable();
                              });
        }

        udp::socket socket;
        SocketAddress local;
        /// Null before start and after close.
        DatagramReceiver* receiver = nullptr;
        Bytes read_buffer;
        bool has_gso = true;
        bool is_waiting_writable = false;
    };

    std::shared_ptr<Io> io_;
};

Result<std::unique_ptr<DatagramSocket>, IoError> open(boost::asio::io_context& context,
                                                      const SocketAddress& address) {
    const auto failed = [&](const boost::system::error_code& error) {
        return std::unexpected(IoError{
            fmt::format("bind {}: {}", address.to_multiaddr().to_string(), error.message())});
    };
    const bool is_ip6 = address.ip.is_ip6();
    udp::socket socket{context};
    boost::system::error_code error;
    socket.open(is_ip6 ? udp::v6() : udp::v4(), error);
    if (error) return failed(error);
    const int fd = socket.native_handle();
    // IPv4 in the clothes of IPv6 would have two names for one address.
    if (is_ip6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);

    sockaddr_storage raw{};
    udp::endpoint endpoint;
    const unsigned size = address.to_sockaddr(raw);
    std::memcpy(endpoint.data(), &raw, size);
    endpoint.resize(size);
    socket.bind(endpoint, error);
    if (error) return failed(error);
    socket.non_blocking(true, error);
    if (error) return failed(error);

    set_buffer(fd, SO_RCVBUF, limits::kReceiveBufferSize, "net.core.rmem_max");
    set_buffer(fd, SO_SNDBUF, limits::kSendBufferSize, "net.core.wmem_max");
    set_option(fd, SOL_UDP, kUdpGro, 1);
    // QUIC finds the packet size of the path by itself; datagrams are never cut up on the way, and
    // forged messages about it are not believed.
    if (is_ip6) {
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        if (address.ip.is_unspecified()) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        if (address.ip.is_unspecified()) set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }

    const udp::endpoint bound = socket.local_endpoint(error);
    if (error) return failed(error);
    SocketAddress local = address;
    local.port = bound.port();
    return std::make_unique<AsioUdpSocket>(std::move(socket), local);
}

}  // namespace

OpenDatagramSocket asio_udp_sockets(boost::asio::io_context& context) {
    return [&context](const SocketAddress& address) { return open(context, address); };
}

}  // namespace lepton::libp2p
