// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// What the encoder, the strict decoder and the merkleizer know of each type: one Codec per type.
// The folder of a type that is not here adds its own specialisation. Any thread.
//
// A Codec<T> has:
//   kIsVariable                 the encoded size depends on the value: containers hold an offset
//   kIsBasic                    a number: lists of it are packed into chunks
//   fixed_size(context)         bytes of each value; only when not variable
//   encoded_size(value)         bytes that encode appends
//   encode(value, out)          appends the SSZ form
//   decode(bytes, context, out) fills a fresh `out` from exactly `bytes`; checks sizes and limits
//                               before it allocates
//   root(value)                 hash_tree_root
// A container is any struct with `kSszFields`, a tuple of member pointers in the spec's order.
#pragma once

#include "base/result.hpp"
#include "ssz/bitlist.hpp"
#include "ssz/bitvector.hpp"
#include "ssz/decode_error.hpp"
#include "ssz/list.hpp"
#include "ssz/merkleize.hpp"

#include <array>
#include <concepts>
#include <cstring>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lepton::ssz {

using DecodeStatus = Result<void, DecodeError>;

template <class T>
struct Codec;

template <class T>
concept Container = requires { T::kSszFields; };

/// Bytes of an offset in the fixed part of a container or at the start of a list.
inline constexpr std::size_t kOffsetSize = 4;

/// Appends `size` bytes of `number`, low byte first.
inline void append_little_endian(Bytes& out, std::uint64_t number, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
    }
}

/// Returns the number in `bytes`, low byte first. Requires at most 8 bytes.
inline std::uint64_t read_little_endian(ByteView bytes) {
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) number = number << 8 | bytes[i - 1];
    return number;
}

/// The chunk that holds `bytes`, at most 32 of them.
inline Bytes32 chunk_of(ByteView bytes) {
    Bytes32 chunk{};
    if (!bytes.empty()) std::memcpy(chunk.data(), bytes.data(), bytes.size());
    return chunk;
}

// ---- numbers

template <std::unsigned_integral T>
struct Codec<T> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = true;
    static std::size_t fixed_size(const DecodeContext&) { return sizeof(T); }
    static std::size_t encoded_size(T) { return sizeof(T); }
    static void encode(T value, Bytes& out) { append_little_endian(out, value, sizeof(T)); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext&, T& out) {
        if (bytes.size() != sizeof(T)) return std::unexpected(DecodeError::wrong_size);
        out = static_cast<T>(read_little_endian(bytes));
        return {};
    }
    static Bytes32 root(T value) {
        Bytes bytes;
        encode(value, bytes);
        return chunk_of(bytes);
    }
};

template <>
struct Codec<bool> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = true;
    static std::size_t fixed_size(const DecodeContext&) { return 1; }
    static std::size_t encoded_size(bool) { return 1; }
    static void encode(bool value, Bytes& out) { out.push_back(value ? 1 : 0); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext&, bool& out) {
        if (bytes.size() != 1) return std::unexpected(DecodeError::wrong_size);
        if (bytes[0] > 1) return std::unexpected(DecodeError::bad_value);
        out = bytes[0] == 1;
        return {};
    }
    static Bytes32 root(bool value) { return Bytes32{static_cast<std::uint8_t>(value)}; }
};

// ---- sequences of elements

/// Roots of `items` as leaves; numbers are packed.
template <class Items>
std::vector<Bytes32> leaves_of(const Items& items) {
    using Element = typename Items::value_type;
    if constexpr (Codec<Element>::kIsBasic) {
        Bytes packed;
        for (const Element& item : items) Codec<Element>::encode(item, packed);
        return pack_bytes(packed);
    } else {
        std::vector<Bytes32> roots;
        roots.reserve(items.size());
        for (const Element& item : items) roots.push_back(Codec<Element>::root(item));
        return roots;
    }
}

/// Room for leaves of `count` elements.
template <class Element>
std::uint64_t leaf_limit(std::uint64_t count) {
    if constexpr (Codec<Element>::kIsBasic) {
        return chunk_count(count * Codec<Element>::fixed_size(DecodeContext{}));
    } else {
        return count;
    }
}

/// Vector[T, Length] of fixed-size elements; of bytes it is a byte vector.
template <class T, std::size_t Length>
struct Codec<std::array<T, Length>> {
    static_assert(Length > 0 && !Codec<T>::kIsVariable);
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static std::size_t fixed_size(const DecodeContext& context) {
        return Length * Codec<T>::fixed_size(context);
    }
    static std::size_t encoded_size(const std::array<T, Length>& value) {
        std::size_t size = 0;
        for (const T& item : value) size += Codec<T>::encoded_size(item);
        return size;
    }
    static void encode(const std::array<T, Length>& value, Bytes& out) {
        for (const T& item : value) Codec<T>::encode(item, out);
    }
    static DecodeStatus decode(ByteView bytes,
                               const DecodeContext& context,
                               std::array<T, Length>& out) {
        const std::size_t size = Codec<T>::fixed_size(context);
        if (bytes.size() != Length * size) return std::unexpected(DecodeError::wrong_size);
        for (std::size_t i = 0; i < Length; ++i) {
            auto decoded = Codec<T>::decode(bytes.subspan(i * size, size), context, out[i]);
            if (!decoded) return decoded;
        }
        return {};
    }
    static Bytes32 root(const std::array<T, Length>& value) {
        return merkleize(leaves_of(value), leaf_limit<T>(Length));
    }
};

/// Byte vectors are the most frequent part of all: no loop over bytes.
template <std::size_t Length>
struct Codec<std::array<std::uint8_t, Length>> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static std::size_t fixed_size(const DecodeContext&) { return Length; }
    static std::size_t encoded_size(const std::array<std::uint8_t, Length>&) { return Length; }
    static void encode(const std::array<std::uint8_t, Length>& value, Bytes& out) {
        append(out, value);
    }
    static DecodeStatus decode(ByteView bytes,
                               const DecodeContext&,
                               std::array<std::uint8_t, Length>& out) {
        if (bytes.size() != Length) return std::unexpected(DecodeError::wrong_size);
        std::memcpy(out.data(), bytes.data(), Length);
        return {};
    }
    static Bytes32 root(const std::array<std::uint8_t, Length>& value) {
        if constexpr (Length <= 32) {
            return chunk_of(value);
        } else {
            return merkleize(pack_bytes(value), chunk_count(Length));
        }
    }
};

/// The Codec of List[T, Limit], by a name from which a list with further rules can derive its own.
template <class T, std::uint64_t Limit>
struct ListCodec {
    static constexpr bool kIsVariable = true;
    static constexpr bool kIsBasic = false;

    static std::size_t encoded_size(const List<T, Limit>& value) {
        std::size_t size = Codec<T>::kIsVariable ? kOffsetSize * value.size() : 0;
        for (const T& item : value) size += Codec<T>::encoded_size(item);
        return size;
    }

    static void encode(const List<T, Limit>& value, Bytes& out) {
        if constexpr (Codec<T>::kIsVariable) {
            std::size_t offset = kOffsetSize * value.size();
            for (const T& item : value) {
                append_little_endian(out, offset, kOffsetSize);
                offset += Codec<T>::encoded_size(item);
            }
        }
        for (const T& item : value) Codec<T>::encode(item, out);
    }

    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, List<T, Limit>& out) {
        if (bytes.empty()) return {};
        if constexpr (Codec<T>::kIsVariable) {
            return decode_variable(bytes, context, out);
        } else {
            return decode_fixed(bytes, context, out);
        }
    }

    static Bytes32 root(const List<T, Limit>& value) {
        return mix_in_length(merkleize(leaves_of(value), leaf_limit<T>(Limit)), value.size());
    }

  private:
    static DecodeStatus decode_fixed(ByteView bytes,
                                     const DecodeContext& context,
                                     List<T, Limit>& out) {
        const std::size_t size = Codec<T>::fixed_size(context);
        LEPTON_ASSERT(size > 0);
        if (bytes.size() % size != 0) return std::unexpected(DecodeError::wrong_size);
        const std::size_t count = bytes.size() / size;
        if (count > Limit) return std::unexpected(DecodeError::limit_exceeded);
        out.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            auto decoded = Codec<T>::decode(bytes.subspan(i * size, size), context, out[i]);
            if (!decoded) return decoded;
        }
        return {};
    }

    static DecodeStatus decode_variable(ByteView bytes,
                                        const DecodeContext& context,
                                        List<T, Limit>& out) {
        if (bytes.size() < kOffsetSize) return std::unexpected(DecodeError::wrong_size);
        const std::uint64_t first = read_little_endian(bytes.first(kOffsetSize));
        if (first == 0 || first % kOffsetSize != 0 || first > bytes.size()) {
            return std::unexpected(DecodeError::bad_offset);
        }
        const std::size_t count = static_cast<std::size_t>(first) / kOffsetSize;
        if (count > Limit) return std::unexpected(DecodeError::limit_exceeded);
        out.resize(count);
        std::size_t begin = static_cast<std::size_t>(first);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t end = i + 1 < count
                                        ? static_cast<std::size_t>(read_little_endian(
                                              bytes.subspan((i + 1) * kOffsetSize, kOffsetSize)))
                                        : bytes.size();
            if (end < begin || end > bytes.size()) {
                return std::unexpected(DecodeError::bad_offset);
            }
            auto decoded = Codec<T>::decode(bytes.subspan(begin, end - begin), context, out[i]);
            if (!decoded) return decoded;
            begin = end;
        }
        return {};
    }
};

template <class T, std::uint64_t Limit>
struct Codec<List<T, Limit>> : ListCodec<T, Limit> {};

template <std::uint64_t Limit>
struct Codec<ByteList<Limit>> {
    static constexpr bool kIsVariable = true;
    static constexpr bool kIsBasic = false;
    static std::size_t encoded_size(const ByteList<Limit>& value) { return value.size(); }
    static void encode(const ByteList<Limit>& value, Bytes& out) { append(out, value); }
    static DecodeStatus decode(ByteView bytes, const DecodeContext&, ByteList<Limit>& out) {
        if (bytes.size() > Limit) return std::unexpected(DecodeError::limit_exceeded);
        out.assign(bytes.begin(), bytes.end());
        return {};
    }
    static Bytes32 root(const ByteList<Limit>& value) {
        return mix_in_length(merkleize(pack_bytes(value), chunk_count(Limit)), value.size());
    }
};

// ---- bits

/// Appends the bits eight to a byte, low bit first.
inline void append_bits(const Bits& bits, Bytes& out) {
    const std::size_t size = (bits.size() + 7) / 8;
    for (std::size_t i = 0; i < size; ++i) {
        out.push_back(static_cast<std::uint8_t>(bits.words()[i / 8] >> (8 * (i % 8))));
    }
}

/// Sets the bits of `out` that are set in `bytes`, which hold at least as many.
inline void read_bits(ByteView bytes, Bits& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        if ((bytes[i / 8] >> (i % 8) & 1) != 0) out.set(i);
    }
}

template <std::uint64_t Limit>
struct Codec<Bitlist<Limit>> {
    static constexpr bool kIsVariable = true;
    static constexpr bool kIsBasic = false;
    static std::size_t encoded_size(const Bitlist<Limit>& value) { return value.size() / 8 + 1; }

    static void encode(const Bitlist<Limit>& value, Bytes& out) {
        append_bits(value, out);
        const auto delimiter = static_cast<std::uint8_t>(1U << (value.size() % 8));
        if (value.size() % 8 == 0) {
            out.push_back(delimiter);
        } else {
            out.back() = static_cast<std::uint8_t>(out.back() | delimiter);
        }
    }

    static DecodeStatus decode(ByteView bytes, const DecodeContext&, Bitlist<Limit>& out) {
        if (bytes.empty()) return std::unexpected(DecodeError::wrong_size);
        if (bytes.back() == 0) return std::unexpected(DecodeError::bad_bits);
        const auto top = static_cast<std::size_t>(std::bit_width(bytes.back())) - 1;
        const std::size_t size = (bytes.size() - 1) * 8 + top;
        if (size > Limit) return std::unexpected(DecodeError::limit_exceeded);
        Bits bits(size);
        read_bits(bytes, bits);
        out = Bitlist<Limit>(std::move(bits));
        return {};
    }

    static Bytes32 root(const Bitlist<Limit>& value) {
        Bytes bytes;
        append_bits(value, bytes);
        return mix_in_length(merkleize(pack_bytes(bytes), (Limit + 255) / 256), value.size());
    }
};

template <std::uint64_t Length>
struct Codec<Bitvector<Length>> {
    static constexpr bool kIsVariable = false;
    static constexpr bool kIsBasic = false;
    static constexpr std::size_t kSize = (Length + 7) / 8;
    static std::size_t fixed_size(const DecodeContext&) { return kSize; }
    static std::size_t encoded_size(const Bitvector<Length>&) { return kSize; }
    static void encode(const Bitvector<Length>& value, Bytes& out) {
        append_bits(value.bits(), out);
    }

    static DecodeStatus decode(ByteView bytes, const DecodeContext&, Bitvector<Length>& out) {
        if (bytes.size() != kSize) return std::unexpected(DecodeError::wrong_size);
        if (Length % 8 != 0 && bytes.back() >> (Length % 8) != 0) {
            return std::unexpected(DecodeError::bad_bits);
        }
        for (std::size_t i = 0; i < Length; ++i) out.set(i, (bytes[i / 8] >> (i % 8) & 1) != 0);
        return {};
    }

    static Bytes32 root(const Bitvector<Length>& value) {
        Bytes bytes;
        encode(value, bytes);
        return merkleize(pack_bytes(bytes), (Length + 255) / 256);
    }
};

// ---- containers

template <Container T>
struct Codec<T> {
    template <std::size_t I>
    using Field = std::remove_cvref_t<decltype(std::declval<T&>().*std::get<I>(T::kSszFields))>;
    static constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(T::kSszFields)>;
    using Indices = std::make_index_sequence<kFieldCount>;

    static constexpr bool kIsVariable = []<std::size_t... I>(std::index_sequence<I...>) {
        return (Codec<Field<I>>::kIsVariable || ...);
    }(Indices{});
    static constexpr bool kIsBasic = false;

    static std::size_t fixed_size(const DecodeContext& context) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return (fixed_part_size<I>(context) + ...);
        }(Indices{});
    }

    static std::size_t encoded_size(const T& value) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return ((Codec<Field<I>>::encoded_size(field<I>(value)) +
                     (Codec<Field<I>>::kIsVariable ? kOffsetSize : 0)) +
                    ...);
        }(Indices{});
    }

    static void encode(const T& value, Bytes& out) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t offset = 0;
            ((offset += Codec<Field<I>>::kIsVariable
                            ? kOffsetSize
                            : Codec<Field<I>>::encoded_size(field<I>(value))),
             ...);
            (encode_fixed_part<I>(value, offset, out), ...);
            (encode_variable_part<I>(value, out), ...);
        }(Indices{});
    }

    static DecodeStatus decode(ByteView bytes, const DecodeContext& context, T& out) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) -> DecodeStatus {
            const std::size_t fixed = fixed_size(context);
            if (kIsVariable ? bytes.size() < fixed : bytes.size() != fixed) {
                return std::unexpected(DecodeError::wrong_size);
            }
            const auto offsets = read_offsets(bytes, context, fixed);
            if (!offsets) return std::unexpected(offsets.error());
            std::size_t position = 0;
            std::size_t variable = 0;
            DecodeStatus status;
            static_cast<void>(
                ((status = decode_field<I>(bytes, context, *offsets, position, variable, out)) &&
                 ...));
            return status;
        }(Indices{});
    }

    static Bytes32 root(const T& value) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return merkleize(std::vector<Bytes32>{Codec<Field<I>>::root(field<I>(value))...},
                             kFieldCount);
        }(Indices{});
    }

  private:
    static constexpr std::size_t kVariableCount = []<std::size_t... I>(std::index_sequence<I...>) {
        return (std::size_t{Codec<Field<I>>::kIsVariable} + ...);
    }(Indices{});
    /// Where each variable field begins, then the end of the bytes.
    using Offsets = std::array<std::size_t, kVariableCount + 1>;

    template <std::size_t I>
    static const Field<I>& field(const T& value) {
        return value.*std::get<I>(T::kSszFields);
    }

    template <std::size_t I>
    static std::size_t fixed_part_size(const DecodeContext& context) {
        if constexpr (Codec<Field<I>>::kIsVariable) {
            return kOffsetSize;
        } else {
            return Codec<Field<I>>::fixed_size(context);
        }
    }

    template <std::size_t I>
    static void encode_fixed_part(const T& value, std::size_t& offset, Bytes& out) {
        if constexpr (Codec<Field<I>>::kIsVariable) {
            append_little_endian(out, offset, kOffsetSize);
            offset += Codec<Field<I>>::encoded_size(field<I>(value));
        } else {
            Codec<Field<I>>::encode(field<I>(value), out);
        }
    }

    template <std::size_t I>
    static void encode_variable_part(const T& value, Bytes& out) {
        if constexpr (Codec<Field<I>>::kIsVariable) Codec<Field<I>>::encode(field<I>(value), out);
    }

    /// Reads and checks all offsets: the first is the end of the fixed part, none goes back, none
    /// is outside.
    static Result<Offsets, DecodeError> read_offsets(ByteView bytes,
                                                     const DecodeContext& context,
                                                     std::size_t fixed) {
        Offsets offsets{};
        offsets.back() = bytes.size();
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t position = 0;
            std::size_t next = 0;
            const auto read = [&](bool is_variable, std::size_t size) {
                if (is_variable) {
                    offsets[next++] = static_cast<std::size_t>(
                        read_little_endian(bytes.subspan(position, kOffsetSize)));
                }
                position += size;
            };
            (read(Codec<Field<I>>::kIsVariable, fixed_part_size<I>(context)), ...);
        }(Indices{});
        if constexpr (kVariableCount > 0) {
            if (offsets.front() != fixed) return std::unexpected(DecodeError::bad_offset);
            for (std::size_t i = 0; i < kVariableCount; ++i) {
                if (offsets[i] > offsets[i + 1] || offsets[i] > bytes.size()) {
                    return std::unexpected(DecodeError::bad_offset);
                }
            }
        }
        return offsets;
    }

    template <std::size_t I>
    static DecodeStatus decode_field(ByteView bytes,
                                     const DecodeContext& context,
                                     const Offsets& offsets,
                                     std::size_t& position,
                                     std::size_t& variable,
                                     T& out) {
        const std::size_t size = fixed_part_size<I>(context);
        ByteView part = bytes.subspan(position, size);
        if constexpr (Codec<Field<I>>::kIsVariable) {
            part = bytes.subspan(offsets[variable], offsets[variable + 1] - offsets[variable]);
            ++variable;
        }
        position += size;
        return Codec<Field<I>>::decode(part, context, out.*std::get<I>(T::kSszFields));
    }
};

}  // namespace lepton::ssz
