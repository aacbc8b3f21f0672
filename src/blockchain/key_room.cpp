// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "blockchain/key_room.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace lepton::blockchain {

KeyRoom::KeyRoom(validator::KeyStore keys, validator::SigningJournal journal)
    : keys_(std::move(keys)), journal_(std::move(journal)), all_(keys_.signers()) {}

SignResults KeyRoom::sign(const std::vector<validator::SignRequest>& requests) {
    return signer_.sign_all(requests);
}

std::optional<KeyRoom::Preparation> KeyRoom::next_preparation(Slot current_slot) const {
    std::optional<Preparation> next;
    const std::uint64_t slot = current_slot.value;
    for (const crypto::Signer* key : all_) {
        if (!is_wanted(*key, current_slot)) continue;
        const crypto::SlotRange prepared = key->prepared();
        if (!prepared.contains(slot)) return Preparation{key, current_slot};
        const bool is_second_half = slot - prepared.begin >= prepared.size() / 2;
        if (is_second_half && prepared.end < key->activation().end && !next) {
            next = Preparation{key, Slot{prepared.end}};
        }
    }
    return next;
}

std::size_t KeyRoom::not_ready(Slot current_slot) const {
    return static_cast<std::size_t>(std::ranges::count_if(all_, [&](const crypto::Signer* key) {
        return is_wanted(*key, current_slot) && !key->prepared().contains(current_slot.value);
    }));
}

bool KeyRoom::is_wanted(const crypto::Signer& key, Slot slot) const {
    return !broken_.contains(&key) && key.activation().contains(slot.value);
}

KeyRoom::Window KeyRoom::build(const Preparation& preparation, const std::stop_token& stop) {
    // Leaving leaves out makes a tree whose root does not fit the key: the window is refused.
    const crypto::ParallelFor until_stopped =
        [&stop](std::size_t count, const std::function<void(std::size_t)>& body) {
            for (std::size_t i = 0; i < count && !stop.stop_requested(); ++i) body(i);
        };
    return preparation.key->build_window(preparation.slot.value, until_stopped);
}

void KeyRoom::install(const crypto::Signer& key, Window window) {
    const auto own = std::ranges::find(all_, &key);
    LEPTON_ASSERT(own != all_.end());
    if (!window) {
        broken_.insert(&key);
        log::error("key_not_prepared public_key={} reason={}",
                   short_hex(key.public_key()),
                   crypto::to_string(window.error()));
        return;
    }
    (*own)->install(*std::move(window));
    log::info("key_prepared public_key={} from={} until={}",
              short_hex(key.public_key()),
              key.prepared().begin,
              key.prepared().end);
}

}  // namespace lepton::blockchain
