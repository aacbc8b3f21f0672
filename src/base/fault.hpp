// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Fault points: places where a test orders a running process to fail (docs/failure.md). Only a
// build with the CMake option LEPTON_FAULTS has them; in every other one the macros are false and
// drop their arguments. Any thread.
//
// LEPTON_FAULT(point)        throws, never returns, or is true when the caller is to end its loop
// LEPTON_FAULT_FULL(point)   whether the caller is to behave as if its bound were reached
// LEPTON_FAULT_ERROR(point)  whether the caller is to fail as if the system had refused
#pragma once

#ifdef LEPTON_FAULTS

#include <cstdint>
#include <string_view>

namespace lepton::fault {

/// Starts to take orders from the file that the environment variable LEPTON_FAULTS names; does
/// nothing without it. Call once.
void take_orders();

bool hit(std::string_view point);
bool is_full(std::string_view point);
bool fails(std::string_view point);

/// Returns what was added to the system's wall clock.
/// Units: milliseconds
std::int64_t wall_offset_ms();

}  // namespace lepton::fault

#define LEPTON_FAULT(point) (::lepton::fault::hit(point))
#define LEPTON_FAULT_FULL(point) (::lepton::fault::is_full(point))
#define LEPTON_FAULT_ERROR(point) (::lepton::fault::fails(point))

#else

#define LEPTON_FAULT(point) false
#define LEPTON_FAULT_FULL(point) false
#define LEPTON_FAULT_ERROR(point) false

#endif
