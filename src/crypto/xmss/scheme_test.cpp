// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The scheme as the rest of lepton sees it, against keys and signatures made by other
// implementations.
#include "crypto/xmss/scheme.hpp"

#include "crypto/xmss/each_kernel.hpp"
#include "crypto/xmss/key_generation.hpp"
#include "crypto/xmss/signature.hpp"
#include "crypto/xmss/test_material.hpp"

#include <gtest/gtest.h>

namespace lepton::crypto::xmss {
namespace {

Bytes32 message_number(std::uint64_t number) {
    Bytes32 message;
    SeededRandom{number}.fill(message);
    return message;
}

KeyPair test_key(std::uint64_t seed, std::uint64_t first_slot = 0, std::uint64_t count = 256) {
    SeededRandom random{seed};
    return test_scheme().generate(random, first_slot, count, run_in_order, {}).value();
}

TEST(SignatureScheme, both_schemes_are_found_by_id_and_name) {
    EXPECT_EQ(&signature_scheme(SchemeId::leansig_prod), find_signature_scheme("leansig-prod"));
    EXPECT_EQ(&signature_scheme(SchemeId::leansig_test), find_signature_scheme("leansig-test"));
    EXPECT_EQ(find_signature_scheme("leansig"), nullptr);
    EXPECT_EQ(prod_scheme().id(), SchemeId::leansig_prod);
    EXPECT_EQ(test_scheme().id(), SchemeId::leansig_test);
    EXPECT_EQ(prod_scheme().public_key_size(), 52u);
    EXPECT_EQ(prod_scheme().signature_size(), 2536u);
    EXPECT_EQ(prod_scheme().lifetime_slots(), std::uint64_t{1} << 32);
    EXPECT_EQ(test_scheme().public_key_size(), 52u);
    EXPECT_EQ(test_scheme().signature_size(), 424u);
    EXPECT_EQ(test_scheme().lifetime_slots(), 256u);
}

class LeansigKey : public EachKernel {
  protected:
    void SetUp() override {
        LEPTON_SKIP_WITHOUT(folder_ / "secret_key.ssz");
        public_key_ = read_bytes(folder_ / "public_key.ssz");
        secret_key_ = read_bytes(folder_ / "secret_key.ssz");
        for (const auto& row : read_table(folder_ / "signatures.txt")) {
            signatures_.push_back(
                {std::stoull(row.at(0)), hex_root(row.at(1)), hex_bytes(row.at(2))});
        }
        ASSERT_EQ(signatures_.size(), 14u);
    }

    struct Row {
        std::uint64_t slot;
        Bytes32 message;
        Bytes signature;
    };
    const std::filesystem::path folder_ = material_path(LEPTON_SOURCE_DIR, "leansig-15cbdd4");
    Bytes public_key_, secret_key_;
    std::vector<Row> signatures_;
};

LEPTON_WITH_EACH_KERNEL(LeansigKey);

TEST_P(LeansigKey, its_signatures_verify_and_only_for_their_slot_and_message) {
    std::vector<VerifyJob> jobs;
    for (const Row& row : signatures_) {
        jobs.push_back({public_key_, row.slot, row.message, row.signature});
        jobs.push_back({public_key_, row.slot + 1, row.message, row.signature});
        Bytes32 other = row.message;
        other[31] ^= 1;
        jobs.push_back({public_key_, row.slot, other, row.signature});
    }
    std::vector<VerifyVerdict> verdicts(jobs.size());
    prod_scheme().verify_batch(jobs, verdicts);
    for (std::size_t i = 0; i < verdicts.size(); i += 3) {
        EXPECT_TRUE(verdicts[i].has_value()) << "slot " << jobs[i].slot;
        EXPECT_FALSE(verdicts[i + 1].has_value());
        EXPECT_FALSE(verdicts[i + 2].has_value());
        EXPECT_EQ(prod_scheme().verify(jobs[i]), verdicts[i]);
    }
}

TEST_P(LeansigKey, slots_beyond_the_lifetime_have_a_reason_of_their_own) {
    const Row& row = signatures_.front();
    for (const std::uint64_t slot : {prod_scheme().lifetime_slots(),
                                     prod_scheme().lifetime_slots() + row.slot,
                                     ~std::uint64_t{0}}) {
        EXPECT_EQ(prod_scheme().verify({public_key_, slot, row.message, row.signature}),
                  std::unexpected(SignatureError::slot_beyond_lifetime));
    }
    // The last slot of all is one like any other.
    EXPECT_EQ(prod_scheme().verify(
                  {public_key_, prod_scheme().lifetime_slots() - 1, row.message, row.signature}),
              std::unexpected(SignatureError::codeword_sum));
}

TEST_P(LeansigKey, signs_the_same_bytes) {
    const auto signer = prod_scheme().load_secret_key(public_key_, secret_key_);
    ASSERT_TRUE(signer.has_value()) << to_string(signer.error());
    EXPECT_EQ((*signer)->public_key(), public_key_);
    EXPECT_EQ((*signer)->activation(), (SlotRange{0, 131072}));
    EXPECT_EQ((*signer)->prepared(), (SlotRange{0, 131072}));
    for (const Row& row : signatures_) {
        EXPECT_EQ((*signer)->sign(row.slot, row.message), row.signature) << row.slot;
    }
    EXPECT_EQ((*signer)->sign(131072, {}), std::unexpected(SignatureError::slot_not_active));
    EXPECT_EQ((*signer)->advance(run_in_order), std::unexpected(SignatureError::window_at_end));
}

TEST_P(LeansigKey, file_and_trees_are_rebuilt_exactly) {
    const auto key = decode_secret_key<ProdParameters>(secret_key_);
    ASSERT_TRUE(key.has_value());
    EXPECT_TRUE(encode<ProdParameters>(*key) == secret_key_);
    EXPECT_TRUE(is_consistent(key->parameter, *key->window.left, run_in_order));
    EXPECT_TRUE(is_consistent(key->parameter, *key->window.right, run_in_order));
    EXPECT_TRUE(is_consistent(key->parameter, key->top, run_in_order));
    for (const std::uint64_t slot : {1u, 32768u, 65535u}) {
        std::array<Digest, 1> leaf;
        build_leaves<ProdParameters>(key->prf, key->parameter, slot, leaf);
        EXPECT_EQ(leaf[0], key->window.left->layers[0].nodes[slot]);
        build_leaves<ProdParameters>(key->prf, key->parameter, 65536 + slot, leaf);
        EXPECT_EQ(leaf[0], key->window.right->layers[0].nodes[slot]);
    }
}

class ProdScheme : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(ProdScheme);

TEST_P(ProdScheme, judges_the_signatures_of_the_spec_fixtures) {
    const auto path = material_path(LEPTON_SOURCE_DIR, "prod_signatures.txt");
    LEPTON_SKIP_WITHOUT(path);
    int valid = 0, invalid = 0;
    for (const auto& row : read_table(path)) {
        const Bytes public_key = hex_bytes(row.at(3)), signature = hex_bytes(row.at(4));
        const auto verdict = prod_scheme().verify(
            {public_key, std::stoull(row.at(1)), hex_root(row.at(2)), signature});
        EXPECT_EQ(verdict.has_value(), row.at(5) == "1") << row.at(0);
        ++(verdict ? valid : invalid);
    }
    EXPECT_EQ(valid, 5);
    EXPECT_EQ(invalid, 1);
}

class TestScheme : public EachKernel {};
LEPTON_WITH_EACH_KERNEL(TestScheme);

TEST_P(TestScheme, rebuilds_the_keys_of_the_spec_and_signs_every_slot) {
    const auto path = material_path(LEPTON_SOURCE_DIR, "test_scheme_keys.txt");
    LEPTON_SKIP_WITHOUT(path);
    int keys = 0;
    for (const auto& row : read_table(path)) {
        const Bytes public_key = hex_bytes(row.at(0)), file = hex_bytes(row.at(1));
        const auto loaded = test_scheme().load_secret_key(public_key, file);
        ASSERT_TRUE(loaded.has_value()) << to_string(loaded.error());
        Signer& signer = **loaded;
        EXPECT_EQ(signer.serialize(), file);
        EXPECT_TRUE(signer.check_thoroughly(run_in_order).has_value());

        const SlotRange activation = signer.activation();
        std::vector<Bytes> signatures;
        std::vector<VerifyJob> jobs;
        for (std::uint64_t slot = activation.begin; slot < activation.end; ++slot) {
            if (!signer.prepared().contains(slot)) {
                // Each new tree is compared with the top tree's node.
                ASSERT_TRUE(signer.advance(run_in_order).has_value()) << slot;
            }
            signatures.push_back(signer.sign(slot, message_number(slot)).value());
        }
        for (std::uint64_t slot = activation.begin; slot < activation.end; ++slot) {
            jobs.push_back(
                {public_key, slot, message_number(slot), signatures[slot - activation.begin]});
        }
        std::vector<VerifyVerdict> verdicts(jobs.size());
        test_scheme().verify_batch(jobs, verdicts);
        EXPECT_EQ(verdicts, std::vector<VerifyVerdict>(jobs.size()));
        ++keys;
    }
    EXPECT_EQ(keys, 16);
}

class Verification : public EachKernel {
  protected:
    Verification() {
        auto signer = test_scheme().load_secret_key(keys_.public_key, keys_.secret_key_ssz);
        signature_ = (*signer)->sign(kSlot, message_).value();
    }
    VerifyVerdict verdict(const Bytes& public_key, std::uint64_t slot, const Bytes& signature) {
        return test_scheme().verify({public_key, slot, message_, signature});
    }

    static constexpr std::uint64_t kSlot = 9;
    KeyPair keys_ = test_key(1);
    Bytes32 message_ = message_number(1);
    Bytes signature_;
};

LEPTON_WITH_EACH_KERNEL(Verification);

TEST_P(Verification, a_fresh_signature_is_valid) {
    EXPECT_TRUE(verdict(keys_.public_key, kSlot, signature_).has_value());
    EXPECT_TRUE(test_scheme().check_public_key(keys_.public_key).has_value());
    EXPECT_TRUE(test_scheme().check_signature(signature_).has_value());
}

TEST_P(Verification, a_changed_bit_anywhere_is_never_valid) {
    for (std::size_t bit = 0; bit < 8 * signature_.size(); ++bit) {
        Bytes changed = signature_;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(verdict(keys_.public_key, kSlot, changed).has_value()) << bit;
    }
    for (std::size_t bit = 0; bit < 8 * keys_.public_key.size(); ++bit) {
        Bytes changed = keys_.public_key;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(verdict(changed, kSlot, signature_).has_value()) << bit;
    }
}

TEST_P(Verification, each_reason_is_told_apart) {
    using enum SignatureError;
    Bytes key = keys_.public_key;
    key.pop_back();
    EXPECT_EQ(verdict(key, kSlot, signature_), std::unexpected(public_key_size));
    EXPECT_EQ(test_scheme().check_public_key(key), std::unexpected(public_key_size));
    key = keys_.public_key;
    key[3] = 0xff;
    EXPECT_EQ(verdict(key, kSlot, signature_), std::unexpected(public_key_not_canonical));
    EXPECT_EQ(test_scheme().check_public_key(key), std::unexpected(public_key_not_canonical));

    Bytes changed = signature_;
    changed.push_back(0);
    EXPECT_EQ(verdict(keys_.public_key, kSlot, changed), std::unexpected(signature_size));
    EXPECT_EQ(test_scheme().check_signature(changed), std::unexpected(signature_size));
    changed = signature_;
    changed[0] = 40;
    EXPECT_EQ(verdict(keys_.public_key, kSlot, changed), std::unexpected(signature_offset));
    changed = signature_;
    changed[423] = 0xff;
    EXPECT_EQ(verdict(keys_.public_key, kSlot, changed), std::unexpected(signature_not_canonical));

    EXPECT_EQ(verdict(keys_.public_key, 256, signature_), std::unexpected(slot_beyond_lifetime));
    EXPECT_EQ(verdict(keys_.public_key, kSlot + (std::uint64_t{1} << 32), signature_),
              std::unexpected(slot_beyond_lifetime));
    changed = signature_;
    changed[4] ^= 1;  // another rho
    EXPECT_EQ(verdict(keys_.public_key, kSlot, changed), std::unexpected(codeword_sum));
    changed = signature_;
    changed[40] ^= 1;  // another sibling
    EXPECT_EQ(verdict(keys_.public_key, kSlot, changed), std::unexpected(root_mismatch));
}

TEST_P(Verification, jobs_of_a_batch_do_not_touch_each_other) {
    const KeyPair other = test_key(2);
    Bytes damaged = signature_;
    damaged[200] ^= 1;
    const Bytes empty;
    std::vector<VerifyJob> jobs;
    std::vector<bool> expected;
    SeededRandom random{3};
    for (int i = 0; i < 200; ++i) {
        VerifyJob job{keys_.public_key, kSlot, message_, signature_};
        const std::uint64_t kind = random.below(5);
        if (kind == 1) job.public_key = other.public_key;
        if (kind == 2) job.signature = damaged;
        if (kind == 3) job.signature = empty;
        if (kind == 4) job.slot = 300;
        jobs.push_back(job);
        expected.push_back(kind == 0);
    }
    std::vector<VerifyVerdict> verdicts(jobs.size());
    test_scheme().verify_batch(jobs, verdicts);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        EXPECT_EQ(verdicts[i].has_value(), expected[i]) << i;
        EXPECT_EQ(verdicts[i], test_scheme().verify(jobs[i])) << i;
    }
}

// Valid and damaged jobs of one scheme, in a random order.
template <class P>
void expect_batches_like_one_by_one(const std::vector<VerifyJob>& valid, std::uint64_t seed) {
    const SignatureScheme& scheme = signature_scheme(P::kId);
    SeededRandom random{seed};
    for (std::size_t size = 1; size <= 70; ++size) {
        std::vector<Bytes> signatures;
        std::vector<VerifyJob> jobs;
        for (std::size_t i = 0; i < size; ++i) {
            VerifyJob job = valid[random.below(valid.size())];
            Bytes signature = to_bytes(job.signature);
            switch (random.below(9)) {
                case 0:
                    job.slot ^= 1;
                    break;
                case 1:
                    job.slot = kLifetime<P>;
                    break;
                case 2:
                    job.public_key = valid[random.below(valid.size())].public_key;
                    break;
                case 3:
                    job.message[random.below(32)] ^= 1;
                    break;
                case 4:
                    signature[random.below(signature.size())] ^= 1;
                    break;
                case 5:
                    signature.pop_back();
                    break;
                default:
                    break;
            }
            signatures.push_back(std::move(signature));
            jobs.push_back(job);
        }
        for (std::size_t i = 0; i < size; ++i) jobs[i].signature = signatures[i];
        std::vector<VerifyVerdict> verdicts(size);
        scheme.verify_batch(jobs, verdicts);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_EQ(verdicts[i], scheme.verify(jobs[i])) << size << ' ' << i;
        }
    }
}

TEST_P(Verification, batches_of_every_size_judge_like_single_calls) {
    std::vector<KeyPair> keys;
    std::vector<Bytes> signatures;
    std::vector<VerifyJob> valid;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) keys.push_back(test_key(seed));
    signatures.reserve(3 * 9);
    for (const KeyPair& key : keys) {
        const auto signer = test_scheme().load_secret_key(key.public_key, key.secret_key_ssz);
        for (const std::uint64_t slot : {0u, 1u, 2u, 3u, 9u, 10u, 15u, 16u, 31u}) {
            signatures.push_back((*signer)->sign(slot, message_number(slot)).value());
            valid.push_back({key.public_key, slot, message_number(slot), signatures.back()});
        }
    }
    std::vector<VerifyVerdict> verdicts(valid.size());
    test_scheme().verify_batch(valid, verdicts);
    EXPECT_EQ(verdicts, std::vector<VerifyVerdict>(valid.size()));
    expect_batches_like_one_by_one<TestParameters>(valid, 1);
}

TEST_P(LeansigKey, batches_of_every_size_judge_like_single_calls) {
    std::vector<VerifyJob> valid;
    for (const Row& row : signatures_) {
        valid.push_back({public_key_, row.slot, row.message, row.signature});
    }
    expect_batches_like_one_by_one<ProdParameters>(valid, 2);
}

}  // namespace
}  // namespace lepton::crypto::xmss
