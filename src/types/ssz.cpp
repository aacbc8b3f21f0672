// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
#include "types/ssz.hpp"

namespace lepton::ssz {

DecodeStatus Codec<Validators>::decode(ByteView bytes,
                                       const DecodeContext& context,
                                       Validators& out) {
    auto decoded = ListCodec<Validator, Validators::kLimit>::decode(bytes, context, out);
    if (!decoded) return decoded;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i].index != ValidatorIndex{i}) return std::unexpected(DecodeError::bad_value);
    }
    return {};
}

DecodeStatus Codec<std::shared_ptr<const Validators>>::decode(ByteView bytes,
                                                              const DecodeContext& context,
                                                              Value& out) {
    Validators validators;
    if (auto decoded = Registry::decode(bytes, context, validators); !decoded) return decoded;
    out = std::make_shared<const Validators>(std::move(validators));
    return {};
}

}  // namespace lepton::ssz
