// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "libp2p/multistream.hpp"

#include "base/assert.hpp"
#include "libp2p/varint.hpp"

#include <algorithm>

namespace lepton::libp2p {
namespace {

constexpr std::string_view kHeader = "/multistream/1.0.0";
constexpr std::string_view kRefusal = "na";
/// The longest line's length takes two bytes.
constexpr std::size_t kPrefixMax = 2;

}  // namespace

Result<std::optional<std::string>, MultistreamError> MultistreamLines::next(ByteView& input) {
    while (!input.empty()) {
        partial_.push_back(input.front());
        input = input.subspan(1);
        const auto length = read_varint(partial_);
        if (!length) {
            if (partial_.size() < kPrefixMax) continue;
            return std::unexpected(MultistreamError::malformed_line);
        }
        if (length->value == 0 || length->value > kMultistreamLineMax) {
            return std::unexpected(MultistreamError::malformed_line);
        }
        const std::size_t line_end = length->size + static_cast<std::size_t>(length->value);
        const std::size_t missing = std::min(line_end - partial_.size(), input.size());
        append(partial_, input.first(missing));
        input = input.subspan(missing);
        if (partial_.size() < line_end) continue;

        const std::string_view line = as_text(partial_).substr(length->size);
        if (line.back() != '\n') return std::unexpected(MultistreamError::malformed_line);
        std::string text(line.substr(0, line.size() - 1));
        partial_.clear();
        return text;
    }
    return std::nullopt;
}

void MultistreamLines::append_line(Bytes& out, std::string_view line) {
    LEPTON_ASSERT(line.size() < kMultistreamLineMax, line);
    append_varint(out, line.size() + 1);
    append(out, as_bytes(line));
    out.push_back('\n');
}

MultistreamDialer::MultistreamDialer(std::vector<std::string> protocols)
    : protocols_(std::move(protocols)) {
    LEPTON_ASSERT(!protocols_.empty() && protocols_.size() <= kMultistreamProposalsMax);
}

Bytes MultistreamDialer::first_flight() const {
    Bytes out;
    MultistreamLines::append_line(out, kHeader);
    MultistreamLines::append_line(out, protocols_.front());
    return out;
}

MultistreamProgress MultistreamDialer::on_data(ByteView& input) {
    MultistreamProgress progress;
    while (!progress.protocol && !progress.error) {
        auto line = lines_.next(input);
        if (!line) {
            progress.error = line.error();
        } else if (!*line) {
            break;
        } else if (!header_received_) {
            header_received_ = true;
            if (**line != kHeader) progress.error = MultistreamError::unexpected_line;
        } else if (**line == protocols_[proposed_]) {
            progress.protocol = std::move(**line);
        } else if (**line != kRefusal) {
            progress.error = MultistreamError::unexpected_line;
        } else if (++proposed_ == protocols_.size()) {
            progress.error = MultistreamError::unsupported;
        } else {
            MultistreamLines::append_line(progress.reply, protocols_[proposed_]);
        }
    }
    return progress;
}

MultistreamProgress MultistreamListener::on_data(ByteView& input) {
    MultistreamProgress progress;
    while (!progress.protocol && !progress.error) {
        auto line = lines_.next(input);
        if (!line) {
            progress.error = line.error();
        } else if (!*line) {
            break;
        } else if (!header_received_) {
            header_received_ = true;
            if (**line != kHeader) {
                progress.error = MultistreamError::unexpected_line;
            } else {
                MultistreamLines::append_line(progress.reply, kHeader);
            }
        } else if (++proposals_ > kMultistreamProposalsMax) {
            progress.error = MultistreamError::too_many_proposals;
        } else if (is_supported_(**line)) {
            MultistreamLines::append_line(progress.reply, **line);
            progress.protocol = std::move(**line);
        } else {
            MultistreamLines::append_line(progress.reply, kRefusal);
            has_refused_ = true;
        }
    }
    return progress;
}

}  // namespace lepton::libp2p
