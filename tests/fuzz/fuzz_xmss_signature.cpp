// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "aggregation/test_keys.hpp"
#include "crypto/xmss/signature.hpp"
#include "fuzz/target.hpp"

namespace lepton::fuzz {
namespace {

using namespace crypto;

constexpr std::uint64_t kSlot = 5;
constexpr std::uint8_t kMessage = 1;

const Bytes& good_signature() {
    static const Bytes signature =
        aggregation::validator(0).sign(kSlot, aggregation::message(kMessage).bytes).value();
    return signature;
}

template <class P>
void check(ByteView input, SchemeId id) {
    const SignatureScheme& scheme = signature_scheme(id);
    const auto signature = xmss::decode_signature<P>(input);
    LEPTON_ASSERT(scheme.check_signature(input).has_value() == signature.has_value());
    if (!signature) return;
    LEPTON_ASSERT(xmss::encode(*signature) == to_bytes(input));
    LEPTON_ASSERT(scheme.signature_root(input) == xmss::signature_root<P>(input));
    // Whatever is well-formed must be safe to verify. Only the real one may pass, or, the test
    // scheme having few codewords, one that differs in the randomness alone.
    const VerifyJob job{.public_key = aggregation::validator(0).public_key(),
                        .slot = kSlot,
                        .message = aggregation::message(kMessage).bytes,
                        .signature = input};
    const bool passes = scheme.verify(job).has_value();
    if constexpr (std::is_same_v<P, xmss::TestParameters>) {
        static const auto good = xmss::decode_signature<P>(good_signature()).value();
        LEPTON_ASSERT(passes || !(*signature == good));
        LEPTON_ASSERT(!passes ||
                      (signature->path == good.path && signature->hashes == good.hashes));
        // Several take the kernels for states side by side, one takes that for a state alone.
        const std::array<VerifyJob, 8> jobs{job, job, job, job, job, job, job, job};
        std::array<VerifyVerdict, 8> verdicts;
        scheme.verify_batch(jobs, verdicts);
        for (const VerifyVerdict& verdict : verdicts) {
            LEPTON_ASSERT(verdict == scheme.verify(job));
        }
    } else {
        LEPTON_ASSERT(!passes);
    }
}

void run(ByteView input) {
    check<xmss::TestParameters>(input, SchemeId::leansig_test);
    check<xmss::ProdParameters>(input, SchemeId::leansig_prod);
}

std::vector<Bytes> seeds() {
    Bytes wrong_offset = good_signature();
    wrong_offset[0] ^= 1;
    Bytes wrong_element = good_signature();
    wrong_element[wrong_element.size() - 1] = 0x7f;
    return {good_signature(), wrong_offset, wrong_element, Bytes(2536, 0)};
}

const Registration kTarget({"xmss_signature", 2600, run, seeds});

}  // namespace
}  // namespace lepton::fuzz
