// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// The reading of JSON that the handlers share with the test driver, under the names of this
// folder. Any thread.
#pragma once

#include "spec_driver/json.hpp"

namespace lepton::spec {

namespace json = boost::json;

using spec_driver::allow_only;
using spec_driver::as_array;
using spec_driver::as_bool;
using spec_driver::as_bytes;
using spec_driver::as_object;
using spec_driver::as_string;
using spec_driver::as_u64;
using spec_driver::at;
using spec_driver::BadVector;
using spec_driver::data_of;
using spec_driver::find;
using spec_driver::read;
using spec_driver::read_as;

}  // namespace lepton::spec
