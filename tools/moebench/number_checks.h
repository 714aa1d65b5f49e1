#pragma once

#include <CLI/App.hpp>
#include <cstdint>

#include "harness/config/limits.h"

namespace moebench::cli {

// These check that a word is a number within these bounds, written out. CLI11's own conversions
// take "99999999999999999999" for the largest number that the type holds, and -1 for 2^64-1.
CLI::Validator whole_number(std::int64_t min, std::int64_t max);
CLI::Validator unsigned_number();  // 0 to 2^64-1
// Seconds, at most kMaxSeconds.
CLI::Validator seconds_above_0();
CLI::Validator seconds_from_0();
CLI::Validator number_from_0(double max);

inline CLI::Validator num_ranks() { return whole_number(1, config::kMaxRanks); }
inline CLI::Validator num_threads() { return whole_number(1, config::kMaxThreads); }
// A number of repetitions, or the word auto.
CLI::Validator num_repeats_or_auto();

inline CLI::Validator num_repeats() { return whole_number(1, config::kMaxRepeats); }

}  // namespace moebench::cli
