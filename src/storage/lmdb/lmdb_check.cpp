// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The file is an array of pages. Pages 0 and 1 are meta pages: the one with the larger transaction
// number names the roots of two trees, the free list and the directory of tables, whose leaves name
// the root of one tree per table. Pages carry their own number, their kind, and sorted 16-bit
// pointers to nodes. A branch node is a separator key and a child's page number; a leaf node is a
// key with a value, or with the number of the first of several overflow pages when the value is
// large. A record of the free list is a transaction number with the pages it gave up.
//
// Checked is all that following a pointer relies on: every page that is reached is in the file, of
// the right kind, has nodes inside itself, keys in order and between the separators above; the
// depth and the counts of each tree are right; no page is reached twice or is free as well. Depth
// and the set of reached pages bound the walk, whatever the file says. Fields are read in the
// machine's byte order, which is the one LMDB writes.
//
// Format: LMDB 0.9, mdb.c, MDB_meta, MDB_db, MDB_page, MDB_node.
#include "storage/lmdb/lmdb_check.hpp"

#include "base/bytes.hpp"
#include "storage/backend.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace lepton::storage {
namespace {

using Problem = std::optional<std::string>;

constexpr std::size_t kPageHead = 16;
constexpr std::size_t kNodeHead = 8;
constexpr std::uint16_t kBranch = 0x01;
constexpr std::uint16_t kLeaf = 0x02;
constexpr std::uint16_t kOverflow = 0x04;
constexpr std::uint16_t kMeta = 0x08;
constexpr std::uint16_t kLargeValue = 0x01;
constexpr std::uint16_t kSubTree = 0x02;
constexpr std::uint16_t kIntegerKeys = 0x08;
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr std::size_t kMetaCount = 2;
/// Cursors of LMDB hold this many levels.
constexpr std::size_t kDepthMax = 32;
/// Pages behind the end of the file that may exist by number only: freed before they were written.
constexpr std::uint64_t kUnwrittenMax = std::uint64_t{1} << 20;
/// Large values whose first page is looked at. It matters only when the value is deleted, which
/// happens to recent ones, and a disk may need a seek for each.
constexpr std::size_t kOverflowChecksMax = 16384;

template <class T>
T read_at(ByteView bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// The record of a tree: 48 bytes.
struct Tree {
    static constexpr std::size_t kSize = 48;
    std::uint32_t pad = 0;
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t branch_pages = 0;
    std::uint64_t leaf_pages = 0;
    std::uint64_t overflow_pages = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = kNoPage;
};

Tree tree_at(ByteView bytes, std::size_t at) {
    Tree tree;
    static_assert(sizeof(Tree) == Tree::kSize);
    std::memcpy(&tree, bytes.data() + at, Tree::kSize);
    return tree;
}

struct Meta {
    std::size_t page_size = 0;
    Tree free;
    Tree main;
    std::uint64_t last_page = 0;
    std::uint64_t transaction = 0;
};

struct Value {
    Bytes key;
    std::uint16_t flags = 0;
    Bytes inlined;
    std::uint64_t size = 0;
    /// First overflow page, when flags has kLargeValue.
    std::uint64_t page = 0;
};

class Checker {
  public:
    Checker(int descriptor, std::uint64_t file_size)
        : descriptor_(descriptor), file_size_(file_size) {}

    Problem check() {
        if (Problem problem = read_metas()) return problem;
        // The free list is walked last: by then all pages in use are known.
        std::vector<Value> tables;
        if (Problem problem = walk("table directory", meta_.main, &tables, false)) return problem;
        if (Problem problem = check_tables(tables)) return problem;
        std::vector<Value> freed;
        if (Problem problem = walk("free list", meta_.free, &freed, true)) return problem;
        for (const Value& value : freed) {
            if (Problem problem = check_freed(value)) return problem;
        }
        const bool is_in_file = (meta_.last_page + 1) * meta_.page_size <= file_size_;
        if (!is_in_file && !free_.at(meta_.last_page)) return "the file is too short";
        return std::nullopt;
    }

  private:
    /// A page that is still to be visited, and between which keys it has to stay.
    struct Visit {
        std::uint64_t page;
        std::size_t level;
        std::optional<Bytes> low;
        std::optional<Bytes> high;
    };

    bool read(std::uint64_t offset, MutableByteView out) const {
        while (!out.empty()) {
            const ssize_t got =
                ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            out = out.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return true;
    }

    Problem read_metas() {
        std::array<std::uint8_t, kPageHead + 136> raw{};
        for (std::size_t i = 0; i < kMetaCount; ++i) {
            if (!read(i * meta_.page_size, raw)) return "the file is too short";
            const ByteView bytes(raw);
            const ByteView body = bytes.subspan(kPageHead);
            Meta meta;
            meta.free = tree_at(body, 24);
            meta.main = tree_at(body, 24 + Tree::kSize);
            meta.last_page = read_at<std::uint64_t>(body, 24 + 2 * Tree::kSize);
            meta.transaction = read_at<std::uint64_t>(body, 32 + 2 * Tree::kSize);
            meta.page_size = meta.free.pad;
            if (read_at<std::uint16_t>(bytes, 10) != kMeta ||
                read_at<std::uint32_t>(body, 0) != kMagic ||
                read_at<std::uint32_t>(body, 4) != kDataVersion ||
                meta.free.flags != kIntegerKeys || meta.main.flags != 0 || meta.main.pad != 0 ||
                meta.page_size < 512 || meta.page_size > 32768 ||
                !std::has_single_bit(meta.page_size) ||
                (i > 0 && meta.page_size != meta_.page_size)) {
                return fmt::format("page {} is no meta page", i);
            }
            if (i == 0 || meta.transaction > meta_.transaction) meta_ = meta;
        }
        if (meta_.last_page < kMetaCount - 1 ||
            meta_.last_page >= file_size_ / meta_.page_size + kUnwrittenMax) {
            return "the page count does not fit the file";
        }
        used_.resize(meta_.last_page + 1);
        free_.resize(meta_.last_page + 1);
        return std::nullopt;
    }

    Problem take(std::string_view tree, std::uint64_t page) {
        if (page < kMetaCount || page > meta_.last_page) {
            return fmt::format("the {} points to page {}, which does not exist", tree, page);
        }
        if (used_[page]) return fmt::format("page {} is used twice", page);
        used_[page] = true;
        return std::nullopt;
    }

    /// Visits every page of `tree`; appends its leaf nodes to `values` when that is not null.
    Problem walk(std::string_view name,
                 const Tree& tree,
                 std::vector<Value>* values,
                 bool has_integer_keys) {
        Tree seen;
        seen.root = tree.root;
        if (tree.root != kNoPage) {
            if (tree.depth == 0 || tree.depth > kDepthMax) {
                return fmt::format("the {} has an impossible depth", name);
            }
            std::vector<Visit> open{{tree.root, 1, std::nullopt, std::nullopt}};
            while (!open.empty()) {
                const Visit visit = std::move(open.back());
                open.pop_back();
                const bool is_leaf = visit.level == tree.depth;
                ++(is_leaf ? seen.leaf_pages : seen.branch_pages);
                if (Problem problem = take(name, visit.page)) return problem;
                Bytes page(meta_.page_size);
                if (!read(visit.page * meta_.page_size, page)) return "the file is too short";
                if (!check_page(page, visit, is_leaf, has_integer_keys)) {
                    return fmt::format("page {} of the {} contradicts itself", visit.page, name);
                }
                if (!is_leaf) {
                    push_children(open, page, visit);
                    continue;
                }
                seen.entries += node_count(page);
                if (Problem problem = check_leaf(name, page, values, seen)) return problem;
            }
        }
        const bool knows_overflow_pages = overflow_checks_ < kOverflowChecksMax;
        if (seen.branch_pages != tree.branch_pages || seen.leaf_pages != tree.leaf_pages ||
            seen.entries != tree.entries ||
            (knows_overflow_pages && seen.overflow_pages != tree.overflow_pages)) {
            return fmt::format("the counts of the {} are wrong", name);
        }
        return std::nullopt;
    }

    static std::size_t node_count(ByteView page) {
        return (read_at<std::uint16_t>(page, 12) - kPageHead) / 2;
    }
    static std::size_t node_at(ByteView page, std::size_t i) {
        return read_at<std::uint16_t>(page, kPageHead + 2 * i);
    }
    static ByteView key_of(ByteView page, std::size_t node) {
        return page.subspan(node + kNodeHead, read_at<std::uint16_t>(page, node + 6));
    }
    static std::uint64_t value_size(ByteView page, std::size_t node) {
        return read_at<std::uint32_t>(page, node);
    }
    static std::uint16_t node_flags(ByteView page, std::size_t node) {
        return read_at<std::uint16_t>(page, node + 4);
    }
    /// The 48 bits of a page number in a branch node.
    static std::uint64_t child_of(ByteView page, std::size_t node) {
        return read_at<std::uint32_t>(page, node) |
               static_cast<std::uint64_t>(node_flags(page, node)) << 32;
    }

    static bool is_less(ByteView a, ByteView b, bool has_integer_keys) {
        if (has_integer_keys) {
            return read_at<std::uint64_t>(a, 0) < read_at<std::uint64_t>(b, 0);
        }
        return std::ranges::lexicographical_compare(a, b);
    }

    bool check_page(ByteView page, const Visit& visit, bool is_leaf, bool has_integer_keys) const {
        const std::size_t lower = read_at<std::uint16_t>(page, 12);
        const std::size_t upper = read_at<std::uint16_t>(page, 14);
        if (read_at<std::uint64_t>(page, 0) != visit.page ||
            read_at<std::uint16_t>(page, 10) != (is_leaf ? kLeaf : kBranch) || lower < kPageHead ||
            lower % 2 != 0 || lower > upper || upper > page.size()) {
            return false;
        }
        const std::size_t count = node_count(page);
        if (count < (is_leaf ? 1U : 2U)) return false;
        std::optional<Bytes> previous = visit.low;
        bool is_first = true;
        std::vector<std::pair<std::size_t, std::size_t>> extents;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t node = node_at(page, i);
            if (node < upper || node % 2 != 0 || node + kNodeHead > page.size()) return false;
            const std::size_t key_size = read_at<std::uint16_t>(page, node + 6);
            std::size_t end = node + kNodeHead + key_size;
            if (is_leaf) {
                const bool is_large = (node_flags(page, node) & kLargeValue) != 0;
                end += is_large ? sizeof(std::uint64_t) : value_size(page, node);
            }
            if (end > page.size()) return false;
            extents.emplace_back(node, end);
            // The first separator of a branch page stands for "no lower bound" and is not read.
            if (!is_leaf && i == 0) continue;
            if (has_integer_keys ? key_size != sizeof(std::uint64_t) : key_size == 0) return false;
            const ByteView key = key_of(page, node);
            // A separator may equal the first key below it.
            const bool may_be_equal = is_first && is_leaf;
            if (previous && !is_less(*previous, key, has_integer_keys) &&
                !(may_be_equal && std::ranges::equal(*previous, key))) {
                return false;
            }
            if (visit.high && !is_less(key, *visit.high, has_integer_keys)) return false;
            previous = to_bytes(key);
            is_first = false;
        }
        std::ranges::sort(extents);
        for (std::size_t i = 1; i < extents.size(); ++i) {
            if (extents[i].first < extents[i - 1].second) return false;
        }
        return true;
    }

    static void push_children(std::vector<Visit>& open, ByteView page, const Visit& visit) {
        const std::size_t count = node_count(page);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t node = node_at(page, i);
            Visit child{child_of(page, node), visit.level + 1, visit.low, visit.high};
            if (i > 0) child.low = to_bytes(key_of(page, node));
            if (i + 1 < count) child.high = to_bytes(key_of(page, node_at(page, i + 1)));
            open.push_back(std::move(child));
        }
    }

    Problem check_leaf(std::string_view name,
                       ByteView page,
                       std::vector<Value>* values,
                       Tree& seen) {
        for (std::size_t i = 0; i < node_count(page); ++i) {
            const std::size_t node = node_at(page, i);
            Value value;
            value.flags = node_flags(page, node);
            value.size = value_size(page, node);
            const ByteView key = key_of(page, node);
            const std::size_t data_at = node + kNodeHead + key.size();
            if ((value.flags & kLargeValue) != 0) {
                value.page = read_at<std::uint64_t>(page, data_at);
                if (Problem problem = check_overflow(name, value, seen)) return problem;
            }
            if (values == nullptr && value.flags != 0 && value.flags != kLargeValue) {
                return fmt::format("the {} has a record of unknown kind", name);
            }
            if (values == nullptr) continue;
            value.key = to_bytes(key);
            if ((value.flags & kLargeValue) == 0) {
                value.inlined = to_bytes(page.subspan(data_at, value.size));
            }
            values->push_back(std::move(value));
        }
        return std::nullopt;
    }

    Problem check_overflow(std::string_view name, const Value& value, Tree& seen) {
        const std::uint64_t first = value.page;
        std::uint64_t pages = (kPageHead - 1 + value.size) / meta_.page_size + 1;
        if (overflow_checks_ < kOverflowChecksMax) {
            ++overflow_checks_;
            std::array<std::uint8_t, kPageHead> head{};
            if (!read(first * meta_.page_size, head)) return "the file is too short";
            const auto stored_pages = read_at<std::uint32_t>(head, 12);
            // A value that was made smaller in the transaction that wrote it keeps its pages.
            if (read_at<std::uint64_t>(head, 0) != first ||
                read_at<std::uint16_t>(head, 10) != kOverflow || stored_pages < pages) {
                return fmt::format("page {} of the {} contradicts itself", first, name);
            }
            pages = stored_pages;
        }
        seen.overflow_pages += pages;
        if (first > meta_.last_page || pages > meta_.last_page - first + 1) {
            return fmt::format("the {} points to page {}, which does not exist", name, first);
        }
        for (std::uint64_t page = first; page < first + pages; ++page) {
            if (Problem problem = take(name, page)) return problem;
        }
        if ((first + pages) * meta_.page_size > file_size_) return "the file is too short";
        return std::nullopt;
    }

    /// A new file has no tables, any other has all of them.
    Problem check_tables(const std::vector<Value>& tables) {
        std::set<std::string> names;
        for (std::size_t i = 0; i < kTableCount; ++i) {
            names.emplace(to_string(static_cast<Table>(i)));
        }
        for (const Value& table : tables) {
            const std::string name(as_text(table.key));
            if (table.flags != kSubTree || table.inlined.size() != Tree::kSize ||
                names.erase(name) == 0) {
                return "the table directory has an unknown entry";
            }
            const Tree tree = tree_at(table.inlined, 0);
            if (tree.flags != 0 || tree.pad != 0) return "a table is of unknown kind";
            if (Problem problem = walk("table " + name, tree, nullptr, false)) return problem;
        }
        if (!tables.empty() && !names.empty()) return "a table is missing";
        return std::nullopt;
    }

    Problem check_freed(const Value& value) {
        Bytes list = value.inlined;
        if (value.flags == kLargeValue) {
            list.resize(value.size);
            if (!read(value.page * meta_.page_size + kPageHead, list)) {
                return "the file is too short";
            }
        }
        const std::size_t words = list.size() / sizeof(std::uint64_t);
        if (words == 0) return "the free list has an empty record";
        const auto count = read_at<std::uint64_t>(list, 0);
        if (count >= words) return "the free list has a record that ends too early";
        std::uint64_t previous = kNoPage;
        for (std::size_t i = 1; i <= count; ++i) {
            const auto page = read_at<std::uint64_t>(list, i * sizeof(std::uint64_t));
            // LMDB keeps these lists in descending order and relies on it.
            if (page < kMetaCount || page > meta_.last_page || page >= previous || used_[page] ||
                free_[page]) {
                return fmt::format("page {} is free and in use, or free twice", page);
            }
            free_[page] = true;
            previous = page;
        }
        return std::nullopt;
    }

    int descriptor_;
    std::uint64_t file_size_;
    Meta meta_;
    std::vector<bool> used_;
    std::vector<bool> free_;
    std::size_t overflow_checks_ = 0;
};

}  // namespace

std::optional<std::string> check_lmdb_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        // Opening it for real gives the better message.
        return std::nullopt;
    }
    struct ::stat status{};
    Problem problem;
    if (::fstat(descriptor, &status) == 0 && status.st_size > 0) {
        problem = Checker(descriptor, static_cast<std::uint64_t>(status.st_size)).check();
    }
    ::close(descriptor);
    return problem;
}

}  // namespace lepton::storage
