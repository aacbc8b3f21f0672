// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// File: prf key 32, parameter 20, activation slot 8, slot count 8, offset of the top tree 4, index
// of the left bottom tree 8, offsets of the left and the right bottom tree 4 each; then the three
// trees. Tree: height of the whole tree 8, lowest level 8, offset 4 (= 20), then the list of
// layers: an offset for each, then each as first node 8, offset 4 (= 12), digests.
#include "crypto/xmss/secret_key.hpp"

#include "base/assert.hpp"
#include "crypto/xmss/little_endian.hpp"

#include <algorithm>

namespace lepton::crypto::xmss {
namespace {

constexpr std::size_t kHeadSize = 32 + kParameterSize + 8 + 8 + 4 + 8 + 4 + 4;
constexpr std::size_t kTreeHeadSize = 8 + 8 + 4;
constexpr std::size_t kLayerHeadSize = 8 + 4;

// The lowest level of a tree and its layers.
struct TreeShape {
    std::uint64_t lowest_level = 0;
    std::vector<LayerShape> layers;

    std::size_t file_size() const {
        std::size_t size = kTreeHeadSize;
        for (const LayerShape& layer : layers) size += 4 + layer_size(layer);
        return size;
    }
    static std::size_t layer_size(const LayerShape& layer) {
        return kLayerHeadSize + kDigestSize * static_cast<std::size_t>(layer.count);
    }
};

// The three trees of a key file, in the order of the file.
template <class P>
std::array<TreeShape, 3> file_shapes(const SlotRange& activation, std::uint64_t left_index) {
    constexpr std::size_t kHeight = kBottomHeight<P>;
    const std::uint64_t first = activation.begin / kBottomLeaves<P>;
    const std::uint64_t count = activation.size() / kBottomLeaves<P>;
    return {TreeShape{kHeight, top_tree_shape(kHeight, P::kLogLifetime, first, count)},
            TreeShape{0, bottom_tree_shape(kHeight, left_index)},
            TreeShape{0, bottom_tree_shape(kHeight, left_index + 1)}};
}

std::size_t file_size(const std::array<TreeShape, 3>& shapes) {
    std::size_t size = kHeadSize;
    for (const TreeShape& shape : shapes) size += shape.file_size();
    return size;
}

// Reads numbers and elements from the front of a byte string that is long enough.
class Reader {
  public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    template <class Number>
    Number number() {
        return read_little_endian<Number>(take(sizeof(Number)));
    }
    // Returns false when an element is not canonical.
    template <std::size_t Count>
    bool elements(std::array<Fp, Count>& out) {
        return read_elements(take(sizeof out), out);
    }
    ByteView take(std::size_t count) {
        const ByteView taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    std::size_t left() const { return bytes_.size(); }

  private:
    ByteView bytes_;
};

// Reads the tree whose shape is known; `reader` holds enough bytes.
Result<SubTree, SignatureError> read_tree(Reader& reader,
                                          const TreeShape& shape,
                                          std::size_t root_level) {
    const bool is_head_right = reader.number<std::uint64_t>() == root_level &&
                               reader.number<std::uint64_t>() == shape.lowest_level;
    if (!is_head_right) return std::unexpected(SignatureError::secret_key_tree_shape);
    if (reader.number<std::uint32_t>() != kTreeHeadSize) {
        return std::unexpected(SignatureError::secret_key_offset);
    }
    std::size_t offset = 4 * shape.layers.size();
    for (const LayerShape& layer : shape.layers) {
        if (reader.number<std::uint32_t>() != offset) {
            return std::unexpected(SignatureError::secret_key_offset);
        }
        offset += TreeShape::layer_size(layer);
    }
    SubTree tree{shape.lowest_level, {}};
    for (const LayerShape& layer_shape : shape.layers) {
        if (reader.number<std::uint64_t>() != layer_shape.start) {
            return std::unexpected(SignatureError::secret_key_tree_shape);
        }
        if (reader.number<std::uint32_t>() != kLayerHeadSize) {
            return std::unexpected(SignatureError::secret_key_offset);
        }
        TreeLayer layer{layer_shape.start, std::vector<Digest>(layer_shape.count)};
        bool is_canonical = true;
        for (Digest& digest : layer.nodes) is_canonical &= reader.elements(digest);
        if (!is_canonical) return std::unexpected(SignatureError::secret_key_not_canonical);
        tree.layers.push_back(std::move(layer));
    }
    return tree;
}

void append_tree(Bytes& out, const SubTree& tree, std::size_t root_level) {
    append_little_endian(out, std::uint64_t{root_level});
    append_little_endian(out, tree.lowest_level);
    append_little_endian(out, std::uint32_t{kTreeHeadSize});
    std::size_t offset = 4 * tree.layers.size();
    for (const TreeLayer& layer : tree.layers) {
        append_little_endian(out, static_cast<std::uint32_t>(offset));
        offset += TreeShape::layer_size({layer.start, layer.nodes.size()});
    }
    for (const TreeLayer& layer : tree.layers) {
        append_little_endian(out, layer.start);
        append_little_endian(out, std::uint32_t{kLayerHeadSize});
        for (const Digest& digest : layer.nodes) {
            for (const Fp element : digest) append_little_endian(out, element);
        }
    }
}

}  // namespace

template <class P>
std::size_t secret_key_size_max() {
    return file_size(file_shapes<P>({0, kLifetime<P>}, 0));
}

template <class P>
Result<SecretKey, SignatureError> decode_secret_key(ByteView bytes) {
    if (bytes.size() < kHeadSize) return std::unexpected(SignatureError::secret_key_size);
    Reader reader{bytes};
    Bytes32 prf_key;
    const WipeGuard guard{prf_key};
    std::ranges::copy(reader.take(prf_key.size()), prf_key.begin());
    Parameter parameter;
    const bool is_canonical = reader.elements(parameter);
    const auto activation_slot = reader.number<std::uint64_t>();
    const auto slot_count = reader.number<std::uint64_t>();
    const auto top_offset = reader.number<std::uint32_t>();
    const auto left_index = reader.number<std::uint64_t>();
    const auto left_offset = reader.number<std::uint32_t>();
    const auto right_offset = reader.number<std::uint32_t>();

    constexpr std::uint64_t kLeaves = kBottomLeaves<P>;
    if (activation_slot >= kLifetime<P> || slot_count > kLifetime<P> - activation_slot ||
        activation_slot % kLeaves != 0 || slot_count % kLeaves != 0 || slot_count < 2 * kLeaves) {
        return std::unexpected(SignatureError::secret_key_range);
    }
    const SlotRange activation{activation_slot, activation_slot + slot_count};
    if (left_index < activation.begin / kLeaves || left_index > activation.end / kLeaves - 2) {
        return std::unexpected(SignatureError::secret_key_window);
    }
    const auto shapes = file_shapes<P>(activation, left_index);
    if (bytes.size() != file_size(shapes)) {
        return std::unexpected(SignatureError::secret_key_size);
    }
    const std::size_t left_at = kHeadSize + shapes[0].file_size();
    if (top_offset != kHeadSize || left_offset != left_at ||
        right_offset != left_at + shapes[1].file_size()) {
        return std::unexpected(SignatureError::secret_key_offset);
    }
    if (!is_canonical) return std::unexpected(SignatureError::secret_key_not_canonical);

    std::array<SubTree, 3> trees;
    for (std::size_t i = 0; i < trees.size(); ++i) {
        auto tree = read_tree(reader, shapes[i], P::kLogLifetime);
        if (!tree) return std::unexpected(tree.error());
        trees[i] = *std::move(tree);
    }
    LEPTON_ASSERT(reader.left() == 0);
    return SecretKey{Prf{prf_key},
                     parameter,
                     activation,
                     std::move(trees[0]),
                     Window{left_index,
                            std::make_shared<const SubTree>(std::move(trees[1])),
                            std::make_shared<const SubTree>(std::move(trees[2]))}};
}

template <class P>
Bytes encode(const SecretKey& key) {
    const auto shapes = file_shapes<P>(key.activation, key.window.left_index);
    const std::size_t left_at = kHeadSize + shapes[0].file_size();
    Bytes out;
    out.reserve(file_size(shapes));  // no reallocation may leave a copy of the secret behind
    append(out, key.prf.secret_bytes());
    for (const Fp element : key.parameter) append_little_endian(out, element);
    append_little_endian(out, key.activation.begin);
    append_little_endian(out, key.activation.size());
    append_little_endian(out, std::uint32_t{kHeadSize});
    append_little_endian(out, key.window.left_index);
    append_little_endian(out, static_cast<std::uint32_t>(left_at));
    append_little_endian(out, static_cast<std::uint32_t>(left_at + shapes[1].file_size()));
    append_tree(out, key.top, P::kLogLifetime);
    append_tree(out, *key.window.left, P::kLogLifetime);
    append_tree(out, *key.window.right, P::kLogLifetime);
    LEPTON_ASSERT(out.size() == file_size(shapes));
    return out;
}

template std::size_t secret_key_size_max<ProdParameters>();
template std::size_t secret_key_size_max<TestParameters>();
template Result<SecretKey, SignatureError> decode_secret_key<ProdParameters>(ByteView);
template Result<SecretKey, SignatureError> decode_secret_key<TestParameters>(ByteView);
template Bytes encode<ProdParameters>(const SecretKey&);
template Bytes encode<TestParameters>(const SecretKey&);

}  // namespace lepton::crypto::xmss
