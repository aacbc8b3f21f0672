// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/negotiation.hpp"

namespace lepton::libp2p {

Negotiation::Negotiation(Reactor& reactor,
                         std::unique_ptr<Stream> stream,
                         MultistreamDialer dialer,
                         Done done)
    : StreamTask(std::move(stream)),
      machine_(std::move(dialer)),
      done_(std::move(done)),
      deadline_(reactor) {
    deadline_.set(kNegotiationTimeout, [this] { finish(std::unexpected(OpenError::timeout)); });
}

Negotiation::Negotiation(Reactor& reactor,
                         std::unique_ptr<Stream> stream,
                         MultistreamListener listener,
                         Done done)
    : StreamTask(std::move(stream)),
      machine_(std::move(listener)),
      done_(std::move(done)),
      deadline_(reactor) {
    deadline_.set(kNegotiationTimeout, [this] { finish(std::unexpected(OpenError::timeout)); });
}

void Negotiation::data(ByteView bytes) {
    const std::size_t size = bytes.size();
    auto progress =
        std::visit([&bytes](auto& machine) { return machine.on_data(bytes); }, machine_);
    stream().consume(size - bytes.size());
    if (!progress) {
        finish(std::unexpected(progress.error() == MultistreamError::unsupported
                                   ? OpenError::unsupported
                                   : OpenError::malformed));
        return;
    }
    if (!progress->reply.empty() && !stream().write(std::move(progress->reply))) {
        finish(std::unexpected(OpenError::reset));
        return;
    }
    if (!progress->protocol) return;
    finish(NegotiatedStream{release_stream(), std::move(*progress->protocol), to_bytes(bytes)});
}

void Negotiation::data_ended() {
    finish(std::unexpected(OpenError::reset));
}

void Negotiation::failed(const StreamError&) {
    finish(std::unexpected(OpenError::reset));
}

void Negotiation::finish(Result<NegotiatedStream, OpenError> result) {
    deadline_.cancel();
    auto done = std::move(done_);
    end();
    done(std::move(result));
}

}  // namespace lepton::libp2p
