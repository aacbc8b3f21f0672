// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/identify_service.hpp"

#include "libp2p/frame_reader.hpp"
#include "libp2p/varint.hpp"

namespace lepton::libp2p {
namespace {

class IdentifyReader final : public StreamTask {
  public:
    IdentifyReader(Reactor& reactor,
                   std::unique_ptr<Stream> made,
                   std::function<void(Result<IdentifyInfo, IdentifyError>)> done)
        : StreamTask(std::move(made)), done_(std::move(done)), deadline_(reactor) {
        deadline_.set(kIdentifyTimeout, [this] { end(); });
        stream().finish();
    }

  private:
    void data(ByteView bytes) override {
        stream().consume(bytes.size());
        bool is_done = false;
        const auto fed = reader_.feed(bytes, [&](ByteView frame) {
            if (std::exchange(is_done, true)) return;
            done_(decode_identify(frame));
        });
        if (!fed) done_(std::unexpected(IdentifyError::too_large));
        if (is_done || !fed) finish();
    }
    void data_ended() override { finish(); }
    void failed(const StreamError&) override { finish(); }
    void finish() {
        deadline_.cancel();
        end();
    }

    std::function<void(Result<IdentifyInfo, IdentifyError>)> done_;
    FrameReader reader_{kIdentifySizeMax};
    Timer deadline_;
};

/// Waits until the peer has finished its side, so that the answer is not cut off.
class IdentifyWriter final : public StreamTask {
  public:
    IdentifyWriter(Reactor& reactor, std::unique_ptr<Stream> made)
        : StreamTask(std::move(made)), deadline_(reactor) {
        deadline_.set(kIdentifyTimeout, [this] { end(); });
    }
    void send(Bytes message) {
        if (!stream().write(std::move(message))) return finish();
        stream().finish();
    }

  private:
    void data(ByteView bytes) override { stream().consume(bytes.size()); }
    void data_ended() override { finish(); }
    void failed(const StreamError&) override { finish(); }
    void finish() {
        deadline_.cancel();
        end();
    }

    Timer deadline_;
};

}  // namespace

void IdentifyService::ask(const PeerId& peer) {
    pool_.open(peer,
               {std::string(kIdentifyProtocol)},
               ConnectionPool::Early{},
               [this, peer](Result<NegotiatedStream, OpenError> result) {
                   if (result) read(peer, std::move(*result));
               });
}

void IdentifyService::read(const PeerId& peer, NegotiatedStream stream) {
    auto& task = tasks_.add(std::make_unique<IdentifyReader>(
        reactor_, std::move(stream.stream), [this, peer](Result<IdentifyInfo, IdentifyError> info) {
            if (info) return on_info_(peer, *std::move(info));
            undecodable_->count(peer, "identify", to_string(info.error()));
        }));
    if (!stream.unread.empty()) task.on_data(stream.unread);
}

void IdentifyService::answer(NegotiatedStream stream, const IdentifyInfo& own) {
    const Bytes message = encode_identify(own);
    Bytes frame;
    append_varint(frame, message.size());
    append(frame, message);
    auto& task = tasks_.add(std::make_unique<IdentifyWriter>(reactor_, std::move(stream.stream)));
    task.send(std::move(frame));
}

}  // namespace lepton::libp2p
