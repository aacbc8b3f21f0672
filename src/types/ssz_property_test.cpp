// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Every container with random content: its bytes and its root are those of the definition, and
// bytes are either refused or the one form of what they decode to.
#include "base/random.hpp"
#include "ssz/mutation.hpp"
#include "ssz/naive_ssz.hpp"
#include "types/ssz.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lepton {
namespace {

namespace naive = ssz::naive;

/// Draws values of the containers for one network.
class Draw {
  public:
    Draw(std::uint64_t seed, const ssz::DecodeContext& context) : random_(seed), sizes_(context) {}

    Random& random() { return random_; }

    void fill(std::uint64_t& out) {
        // Small and very large numbers, and all between.
        out = random_.next_u64() >> random_.below(64);
    }
    template <class Tag>
    void fill(Quantity<Tag>& out) {
        fill(out.value);
    }
    void fill(Root& out) {
        if (random_.below(4) != 0) random_.fill(out.bytes);
    }
    void fill(PublicKey& out) { out = PublicKey(bytes(sizes_.public_key_size)); }
    void fill(Signature& out) { out.bytes = bytes(sizes_.signature_size); }
    template <std::uint64_t Limit>
    void fill(ssz::Bitlist<Limit>& out) {
        out.resize(size(Limit));
        for (std::size_t i = 0; i < out.size(); ++i) out.set(i, random_.below(2) == 0);
    }
    template <std::uint64_t Limit>
    void fill(ssz::ByteList<Limit>& out) {
        out = ssz::ByteList<Limit>(bytes(size(Limit)));
    }
    template <class T, std::uint64_t Limit>
    void fill(ssz::List<T, Limit>& out) {
        out.resize(ssz::Codec<T>::kIsVariable ? static_cast<std::size_t>(random_.below(6))
                                              : size(Limit));
        for (T& item : out) fill(item);
    }
    void fill(Validators& out) {
        out.resize(static_cast<std::size_t>(random_.below(6)));
        for (std::size_t i = 0; i < out.size(); ++i) {
            fill(out[i]);
            out[i].index = ValidatorIndex{i};
        }
    }
    void fill(std::shared_ptr<const Validators>& out) {
        Validators registry;
        fill(registry);
        out = std::make_shared<const Validators>(std::move(registry));
    }
    template <ssz::Container T>
    void fill(T& out) {
        std::apply([&](auto... field) { (fill(out.*field), ...); }, T::kSszFields);
    }

  private:
    Bytes bytes(std::size_t size) {
        Bytes out(size);
        random_.fill(out);
        return out;
    }
    /// Mostly short, around the edges of words and chunks; seldom long.
    std::size_t size(std::uint64_t limit) {
        const std::uint64_t bound = random_.below(16) == 0 ? 1500 : random_.below(2) == 0 ? 4 : 70;
        return static_cast<std::size_t>(random_.below(std::min(bound, limit + 1)));
    }

    SeededRandom random_;
    ssz::DecodeContext sizes_;
};

// ---- the definition: field by field as the specification lists them, limits in numbers

naive::Form form(const Root& root) {
    return naive::byte_vector(root.bytes);
}
template <class Tag>
naive::Form form(Quantity<Tag> quantity) {
    return naive::number(quantity.value);
}
naive::Form form(const Checkpoint& v) {
    return naive::container({form(v.root), form(v.slot)});
}
naive::Form form(const AttestationData& v) {
    return naive::container({form(v.slot), form(v.head), form(v.target), form(v.source)});
}
naive::Form form(const Attestation& v) {
    return naive::container({form(v.validator_index), form(v.data)});
}
/// Its root depends on the signature scheme: that of the bytes stands for it.
naive::Form form(const SignedAttestation& v) {
    return naive::container(
        {form(v.validator_index), form(v.data), naive::byte_vector(v.signature.bytes)});
}
naive::Form form(const AggregatedAttestation& v) {
    return naive::container({naive::bitlist(v.aggregation_bits, 4096), form(v.data)});
}
naive::Form form(const Validator& v) {
    return naive::container({naive::byte_vector(v.attestation_public_key.bytes()),
                             naive::byte_vector(v.proposal_public_key.bytes()),
                             form(v.index)});
}
template <class Items>
naive::Form list_form(const Items& items, std::uint64_t limit) {
    std::vector<naive::Form> forms;
    for (const auto& item : items) forms.push_back(form(item));
    return naive::list(forms, limit);
}
naive::Form form(const SingleMessageAggregate& v) {
    return naive::container(
        {naive::bitlist(v.participants, 4096), naive::byte_list(v.proof, 524288)});
}
naive::Form form(const MultiMessageAggregate& v) {
    return naive::container({naive::byte_list(v.proof, 524288)});
}
naive::Form form(const SignedAggregatedAttestation& v) {
    return naive::container({form(v.data), form(v.proof)});
}
naive::Form form(const BlockBody& v) {
    return naive::container({list_form(v.attestations, 4096)});
}
naive::Form form(const BlockHeader& v) {
    return naive::container({form(v.slot),
                             form(v.proposer_index),
                             form(v.parent_root),
                             form(v.state_root),
                             form(v.body_root)});
}
naive::Form form(const Block& v) {
    return naive::container({form(v.slot),
                             form(v.proposer_index),
                             form(v.parent_root),
                             form(v.state_root),
                             form(v.body)});
}
naive::Form form(const SignedBlock& v) {
    return naive::container({form(v.block), form(v.proof)});
}
naive::Form form(const GenesisConfig& v) {
    return naive::container({naive::number(v.genesis_time)});
}
naive::Form form(const Validators& v) {
    return list_form(v, 4096);
}
naive::Form form(const State& v) {
    return naive::container({form(v.config),
                             form(v.slot),
                             form(v.latest_block_header),
                             form(v.latest_justified),
                             form(v.latest_finalized),
                             list_form(v.historical_block_hashes, 262144),
                             naive::bitlist(v.justified_slots, 262144),
                             form(*v.validators),
                             list_form(v.justifications_roots, 262144),
                             naive::bitlist(v.justifications_validators, 1073741824)});
}
naive::Form form(const Status& v) {
    return naive::container({form(v.finalized), form(v.head)});
}
naive::Form form(const BlocksByRootRequest& v) {
    return naive::container({list_form(v.roots, 1024)});
}
naive::Form form(const BlocksByRangeRequest& v) {
    return naive::container({form(v.start_slot), naive::number(v.count)});
}

// ---- the properties

constexpr std::array<std::uint64_t, 6> kSeeds{1, 2, 3, 5, 8, 13};
constexpr std::array<std::string_view, 2> kNetworks{"leanspec-prod", "leanspec-test"};

/// Runs `body(draw, context)` for each seed and network.
template <class Body>
void for_each_draw(const Body& body) {
    for (const std::string_view network : kNetworks) {
        const ssz::DecodeContext context = decode_context(network_profile(network).value());
        for (const std::uint64_t seed : kSeeds) {
            SCOPED_TRACE(fmt::format("seed {} of {}", seed, network));
            Draw draw(seed, context);
            body(draw, context);
            if (testing::Test::HasFailure()) return;
        }
    }
}

template <class T>
class SszProperty : public testing::Test {};

using Containers = testing::Types<Checkpoint,
                                  AttestationData,
                                  Attestation,
                                  SignedAttestation,
                                  AggregatedAttestation,
                                  SingleMessageAggregate,
                                  MultiMessageAggregate,
                                  SignedAggregatedAttestation,
                                  BlockBody,
                                  BlockHeader,
                                  Block,
                                  SignedBlock,
                                  GenesisConfig,
                                  Validator,
                                  Validators,
                                  State,
                                  Status,
                                  BlocksByRootRequest,
                                  BlocksByRangeRequest>;
TYPED_TEST_SUITE(SszProperty, Containers);

TYPED_TEST(SszProperty, bytes_and_root_are_those_of_the_definition_and_the_value_comes_back) {
    for_each_draw([](Draw& draw, const ssz::DecodeContext& context) {
        for (int i = 0; i < 25; ++i) {
            TypeParam value{};
            draw.fill(value);
            const naive::Form expected = form(value);
            const Bytes bytes = ssz::encode(value);
            ASSERT_EQ(bytes, expected.bytes);
            const auto decoded = ssz::decode<TypeParam>(bytes, context);
            ASSERT_TRUE(decoded.has_value()) << to_string(decoded.error());
            ASSERT_EQ(*decoded, value);
            if constexpr (std::is_same_v<TypeParam, SignedAttestation>) {
                const Bytes32 signature = naive::byte_vector(value.signature.bytes).root;
                ASSERT_EQ(signed_attestation_root(*decoded, signature), Root{expected.root});
            } else {
                ASSERT_EQ(hash_tree_root(value), Root{expected.root});
                ASSERT_EQ(hash_tree_root(*decoded), Root{expected.root});
            }
        }
    });
}

TYPED_TEST(SszProperty, changed_bytes_are_refused_or_are_the_form_of_another_value) {
    std::size_t refused = 0;
    std::size_t accepted = 0;
    for_each_draw([&](Draw& draw, const ssz::DecodeContext& context) {
        for (int i = 0; i < 12; ++i) {
            TypeParam value{};
            draw.fill(value);
            const Bytes bytes = ssz::encode(value);
            for (int change = 0; change < 60; ++change) {
                Bytes damaged = ssz::mutated(bytes, draw.random());
                while (draw.random().below(3) == 0) damaged = ssz::mutated(damaged, draw.random());
                const auto decoded = ssz::decode<TypeParam>(damaged, context);
                if (decoded) {
                    ASSERT_EQ(to_hex(ssz::encode(*decoded)), to_hex(damaged));
                    ASSERT_EQ(*decoded == value, damaged == bytes);
                }
                ++(decoded ? accepted : refused);
            }
        }
    });
    EXPECT_GT(refused, 1000U);
    EXPECT_GT(accepted, 500U);
}

TEST(SszLimits, one_element_above_each_limit_is_refused) {
    const auto context = decode_context(network_profile(kNetworks[0]).value());
    const auto expect_limit = [&]<class T>(const T& full, const T& beyond) {
        const auto decoded = ssz::decode<T>(ssz::encode(full), context);
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(*decoded, full);
        EXPECT_EQ(hash_tree_root(full), Root{form(full).root});
        EXPECT_EQ(ssz::decode<T>(ssz::encode(beyond), context).error(),
                  ssz::DecodeError::limit_exceeded);
    };
    const auto roots = [](std::size_t count) {
        BlocksByRootRequest request;
        request.roots.resize(count, Root{{7}});
        return request;
    };
    expect_limit(roots(1024), roots(1025));
    const auto proof = [](std::size_t size) {
        return MultiMessageAggregate{ProofBytes(Bytes(size, 9))};
    };
    expect_limit(proof(524288), proof(524289));
    const auto bits = [](std::size_t size) {
        AggregatedAttestation attestation;
        attestation.aggregation_bits.resize(size);
        attestation.aggregation_bits.set(size - 1);
        return attestation;
    };
    expect_limit(bits(4096), bits(4097));
    const auto body = [&](std::size_t count) {
        BlockBody block_body;
        block_body.attestations.resize(count, bits(1));
        return block_body;
    };
    expect_limit(body(4096), body(4097));
    const auto registry = [](std::size_t count) {
        Validators validators(count);
        for (std::size_t i = 0; i < count; ++i) {
            validators[i] = {PublicKey(Bytes(52)), PublicKey(Bytes(52)), ValidatorIndex{i}};
        }
        return validators;
    };
    expect_limit(registry(4096), registry(4097));
    const auto state = [](std::size_t history, std::size_t justified, std::size_t tallies) {
        State made;
        made.historical_block_hashes.resize(history, Root{{1}});
        made.justified_slots.resize(justified);
        made.justifications_roots.resize(tallies, Root{{2}});
        return made;
    };
    expect_limit(state(262144, 262144, 262144), state(262145, 0, 0));
    expect_limit(state(1, 1, 1), state(0, 262145, 0));
    expect_limit(state(2, 2, 2), state(0, 0, 262145));
}

}  // namespace
}  // namespace lepton
