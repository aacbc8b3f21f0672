// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// multistream-select 1.0: how the two ends of a new stream agree on its protocol. State machines
// without I/O or time; the owner sets the deadline. One thread per object.
// Source: https://github.com/multiformats/multistream-select
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lepton::libp2p {

/// A line with its newline: what other clients accept.
inline constexpr std::size_t kMultistreamLineMax = 1024;
/// Proposals in one negotiation; a peer that needs more is guessing.
inline constexpr std::size_t kMultistreamProposalsMax = 10;

enum class MultistreamError : std::uint8_t {
    /// A line that is empty, has no newline at its end, or is longer than permitted.
    malformed_line,
    /// The first line is not the multistream header, or an answer fits no proposal.
    unexpected_line,
    /// The dialler has used up its proposals.
    too_many_proposals,
    /// The listener refused every proposal.
    unsupported
};

/// What a read brought forward.
struct MultistreamProgress {
    /// To be sent now, also when there is an error.
    Bytes reply;
    /// The protocol agreed on, at the end; what follows in the input belongs to it.
    std::optional<std::string> protocol;
    /// The negotiation has failed.
    std::optional<MultistreamError> error;
};

/// Puts lines together from reads of any size.
class MultistreamLines {
  public:
    /// Returns the next line without its newline, nothing while it is incomplete. Takes what it
    /// used from the front of `input`.
    Result<std::optional<std::string>, MultistreamError> next(ByteView& input);

    static void append_line(Bytes& out, std::string_view line);

  private:
    /// The length prefix and the line, as far as they are here.
    Bytes partial_;
};

class MultistreamDialer {
  public:
    /// `protocols`: in order of preference, 1 to kMultistreamProposalsMax of them.
    explicit MultistreamDialer(std::vector<std::string> protocols);

    /// Returns the header and the first proposal. With a single protocol its first bytes may
    /// follow at once: a listener that refuses drops them.
    Bytes first_flight() const;

    /// Takes what it used from the front of `input`.
    MultistreamProgress on_data(ByteView& input);

  private:
    std::vector<std::string> protocols_;
    std::size_t proposed_ = 0;
    bool header_received_ = false;
    MultistreamLines lines_;
};

class MultistreamListener {
  public:
    explicit MultistreamListener(std::function<bool(std::string_view)> is_supported)
        : is_supported_(std::move(is_supported)) {}

    /// Takes what it used from the front of `input`.
    MultistreamProgress on_data(ByteView& input);

    /// True once a proposal was refused.
    bool has_refused() const { return has_refused_; }

  private:
    std::function<bool(std::string_view)> is_supported_;
    bool has_refused_ = false;
    std::size_t proposals_ = 0;
    bool header_received_ = false;
    MultistreamLines lines_;
};

}  // namespace lepton::libp2p
