// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "crypto/xmss/signer.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/encoding.hpp"
#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/tweak_hash.hpp"
#include "crypto/xmss/verify.hpp"

#include <algorithm>
#include <optional>

namespace lepton::crypto::xmss {
namespace {

template <class P>
class XmssWindow final : public PreparedWindow {
  public:
    explicit XmssWindow(Window window) : window_(std::move(window)) {}
    SlotRange slots() const override { return window_slots<P>(window_.left_index); }
    const Window& window() const { return window_; }

  private:
    Window window_;
};

template <class P>
struct Encoding {
    Rho rho;
    Codeword<P> codeword;
};

// The lowest attempt that has a codeword: the rule that makes signing deterministic.
template <class P>
std::optional<Encoding<P>> find_encoding(const Prf& prf,
                                         const Parameter& parameter,
                                         std::uint32_t slot,
                                         const Bytes32& message) {
    const auto digits = message_digits(message);
    Lanes<24> states;
    Lanes<7> rhos;
    Lanes<8> hashes;
    const WipeGuard guard_states{states.rows};
    const WipeGuard guard_rhos{rhos.rows};
    const WipeGuard guard_hashes{hashes.rows};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        write_message(states, lane, parameter, slot, digits, Rho{});
    }
    static_assert(kAttemptsMax % kLanes == 0);
    for (std::uint64_t first = 0; first < kAttemptsMax; first += kLanes) {
        prf.rhos(slot, message, first, rhos);
        std::ranges::copy(rhos.rows, states.rows.begin() + kRhoRow);
        compress(states, hashes);
        const std::size_t lane = first_encodable<P>(hashes);
        if (lane == kLanes) continue;
        Encoding<P> encoding;
        for (std::size_t i = 0; i < encoding.rho.size(); ++i) encoding.rho[i] = rhos.rows[i][lane];
        const auto codeword = codeword_of<P>(digest_of(hashes, lane));
        LEPTON_ASSERT(codeword.has_value());
        encoding.codeword = *codeword;
        return encoding;
    }
    return std::nullopt;
}

// Writes position 0 of every chain of a slot.
template <class P>
void find_chain_starts(const Prf& prf, std::uint32_t slot, std::array<Digest, P::kChains>& starts) {
    std::array<Prf::ChainPlace, kLanes> places;
    Lanes<8> values;
    const WipeGuard guard{values.rows};
    for (std::size_t begin = 0; begin < starts.size(); begin += kLanes) {
        const std::size_t count = std::min(kLanes, starts.size() - begin);
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            places[lane] = {slot, static_cast<std::uint8_t>(begin + std::min(lane, count - 1))};
        }
        prf.chain_starts(places, values);
        for (std::size_t lane = 0; lane < count; ++lane) {
            starts[begin + lane] = digest_of(values, lane);
        }
    }
}

// Whether the stored leaf of `slot` is the one the PRF key gives.
template <class P>
bool is_leaf_right(const SecretKey& key, const SubTree& tree, std::uint64_t slot) {
    std::array<Digest, 1> leaf;
    build_leaves<P>(key.prf, key.parameter, slot, leaf);
    return leaf[0] == tree.layers.front().nodes[slot - tree.layers.front().start];
}

template <class P>
const Digest& bottom_root_in_top(const SecretKey& key, std::uint64_t index) {
    const TreeLayer& roots = key.top.layers.front();
    return roots.nodes[index - roots.start];
}

}  // namespace

template <class P>
XmssSigner<P>::XmssSigner(const PublicKey& public_key, SecretKey key)
    : public_key_bytes_(encode(public_key)), key_(std::move(key)) {}

template <class P>
Result<Bytes, SignatureError> XmssSigner<P>::sign(std::uint64_t slot,
                                                  const Bytes32& message) const {
    if (!activation().contains(slot)) return std::unexpected(SignatureError::slot_not_active);
    if (!prepared().contains(slot)) return std::unexpected(SignatureError::slot_not_prepared);
    const auto slot32 = static_cast<std::uint32_t>(slot);
    const auto encoding = find_encoding<P>(key_.prf, key_.parameter, slot32, message);
    if (!encoding) return std::unexpected(SignatureError::attempts_exhausted);

    Signature<P> signature;
    signature.rho = encoding->rho;
    std::array<ChainWalk, P::kChains> walks;
    find_chain_starts<P>(key_.prf, slot32, signature.hashes);
    for (std::size_t chain = 0; chain < P::kChains; ++chain) {
        walks[chain] = {&key_.parameter,
                        slot32,
                        static_cast<std::uint8_t>(chain),
                        0,
                        encoding->codeword[chain],
                        &signature.hashes[chain]};
    }
    walk_chains(walks);
    const std::uint64_t tree_index = slot / kBottomLeaves<P>;
    const std::span path{signature.path};
    present_tree(tree_index)->copy_path(slot, path.first(kBottomHeight<P>));
    key_.top.copy_path(tree_index, path.subspan(kBottomHeight<P>));

    // A damaged tree would otherwise be noticed by peers first.
    Bytes bytes = encode(signature);
    const VerifyJob job{public_key_bytes_, slot, message, bytes};
    VerifyVerdict verdict;
    verify_batch<P>({&job, 1}, {&verdict, 1});
    if (!verdict) return std::unexpected(SignatureError::signature_self_check);
    return bytes;
}

template <class P>
std::shared_ptr<const SubTree> XmssSigner<P>::present_tree(std::uint64_t index) const {
    if (index == key_.window.left_index) return key_.window.left;
    if (index == key_.window.left_index + 1) return key_.window.right;
    return nullptr;
}

template <class P>
Result<std::unique_ptr<PreparedWindow>, SignatureError> XmssSigner<P>::build_window(
    std::uint64_t slot, const ParallelFor& parallel_for) const {
    if (!activation().contains(slot)) return std::unexpected(SignatureError::slot_not_active);
    const std::uint64_t wanted = slot / kBottomLeaves<P>;
    const std::uint64_t last = activation().end / kBottomLeaves<P> - 1;
    Window window;
    // With the tree before it when that is here already, or when there is none after it.
    const bool has_previous = wanted > 0 && present_tree(wanted - 1) != nullptr;
    if (present_tree(wanted) != nullptr)
        window.left_index = key_.window.left_index;
    else
        window.left_index = has_previous || wanted == last ? wanted - 1 : wanted;

    for (std::uint64_t i = 0; i < 2; ++i) {
        const std::uint64_t index = window.left_index + i;
        auto tree = present_tree(index);
        if (tree == nullptr) {
            tree = std::make_shared<const SubTree>(generate_bottom_tree<P>(
                key_.prf, key_.parameter, index, parallel_for, [](std::uint64_t) {}));
            if (tree->root() != bottom_root_in_top<P>(key_, index)) {
                return std::unexpected(SignatureError::secret_key_bottom_root);
            }
        }
        (i == 0 ? window.left : window.right) = std::move(tree);
    }
    return std::make_unique<XmssWindow<P>>(std::move(window));
}

template <class P>
void XmssSigner<P>::install(std::unique_ptr<PreparedWindow> window) {
    const auto* own = dynamic_cast<const XmssWindow<P>*>(window.get());
    LEPTON_ASSERT(own != nullptr, "a window of another scheme");
    key_.window = own->window();
}

template <class P>
Result<void, SignatureError> XmssSigner<P>::check(const PublicKey& public_key,
                                                  const SecretKey& key) {
    if (key.parameter != public_key.parameter) {
        return std::unexpected(SignatureError::secret_key_parameter);
    }
    if (key.top.root() != public_key.root) {
        return std::unexpected(SignatureError::secret_key_root);
    }
    const Window& window = key.window;
    if (window.left->root() != bottom_root_in_top<P>(key, window.left_index) ||
        window.right->root() != bottom_root_in_top<P>(key, window.left_index + 1)) {
        return std::unexpected(SignatureError::secret_key_bottom_root);
    }
    const SlotRange slots = window_slots<P>(window.left_index);
    if (!is_leaf_right<P>(key, *window.left, slots.begin) ||
        !is_leaf_right<P>(key, *window.right, slots.end - 1)) {
        return std::unexpected(SignatureError::secret_key_leaf);
    }
    return {};
}

template <class P>
Result<void, SignatureError> XmssSigner<P>::check_thoroughly(
    const ParallelFor& parallel_for) const {
    for (std::uint64_t i = 0; i < 2; ++i) {
        const std::uint64_t index = key_.window.left_index + i;
        const SubTree rebuilt = generate_bottom_tree<P>(
            key_.prf, key_.parameter, index, parallel_for, [](std::uint64_t) {});
        const SubTree& stored = *present_tree(index);
        if (rebuilt.layers.front() != stored.layers.front()) {
            return std::unexpected(SignatureError::secret_key_leaf);
        }
        if (rebuilt != stored) return std::unexpected(SignatureError::secret_key_node);
    }
    if (!is_consistent(key_.parameter, key_.top, parallel_for)) {
        return std::unexpected(SignatureError::secret_key_node);
    }
    return {};
}

template class XmssSigner<ProdParameters>;
template class XmssSigner<TestParameters>;

}  // namespace lepton::crypto::xmss
