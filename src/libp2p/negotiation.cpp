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
    if (is_refusing_) return stream().consume(size);
    auto progress =
        std::visit([&bytes](auto& machine) { return machine.on_data(bytes); }, machine_);
    stream().consume(size - bytes.size());
    if (!progress.reply.empty() && !stream().write(std::move(progress.reply))) {
        return finish(std::unexpected(OpenError::reset));
    }
    const auto* listener = std::get_if<MultistreamListener>(&machine_);
    if (progress.error && listener != nullptr && listener->has_refused()) {
        // A dialler may have sent its first bytes behind a proposal that was refused. The refusal
        // must reach it, so the stream is not reset but finished, and its rest unread.
        stream().consume(bytes.size());
        stream().finish();
        is_refusing_ = true;
    } else if (progress.error) {
        finish(std::unexpected(*progress.error == MultistreamError::unsupported
                                   ? OpenError::unsupported
                                   : OpenError::malformed));
    } else if (progress.protocol) {
        finish(NegotiatedStream{release_stream(), std::move(*progress.protocol), to_bytes(bytes)});
    }
}

void Negotiation::data_ended() {
    stream().finish();
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
