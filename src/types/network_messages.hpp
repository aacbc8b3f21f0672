// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Containers of the request/response protocols. Spec: networking/reqresp/message.py. Values; any
// thread.
#pragma once

#include "ssz/list.hpp"
#include "types/checkpoint.hpp"
#include "types/constants.hpp"

#include <tuple>

namespace lepton {

/// What a node says of its chain. A hint, never a proof.
struct Status {
    Checkpoint finalized;
    Checkpoint head;

    static constexpr auto kSszFields = std::tuple(&Status::finalized, &Status::head);
    bool operator==(const Status&) const = default;
};

struct BlocksByRootRequest {
    ssz::List<Root, kMaxRequestBlocks> roots;

    static constexpr auto kSszFields = std::tuple(&BlocksByRootRequest::roots);
    bool operator==(const BlocksByRootRequest&) const = default;
};

struct BlocksByRangeRequest {
    Slot start_slot;
    std::uint64_t count = 0;

    static constexpr auto kSszFields =
        std::tuple(&BlocksByRangeRequest::start_slot, &BlocksByRangeRequest::count);
    bool operator==(const BlocksByRangeRequest&) const = default;
};

}  // namespace lepton
