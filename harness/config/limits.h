#pragma once

#include <cstddef>
#include <cstdint>

namespace moebench::config {

// Bounds of what people write, on the command line and in files. They end a typo before it costs
// time or memory, and lie beyond any use.
inline constexpr std::int64_t kMaxRanks = 65'536;
inline constexpr std::int64_t kMaxThreads = 4'096;      // of a rank
inline constexpr std::int64_t kMaxCount = 100'000'000;  // of an axis, such as micro_batch
inline constexpr std::int64_t kMaxSteps = 1'000'000'000;
inline constexpr std::int64_t kMaxRepeats = 10'000;
inline constexpr std::int64_t kMinAutoRepeats = 3;  // fewer show no spread worth the name
inline constexpr double kMaxSeconds = 1e9;          // of a time limit
// Tokens of a micro-batch on one rank, and rows of all steps, so that no product of them overflows.
inline constexpr std::int64_t kMaxMicroBatchTokens = std::int64_t{1} << 32;
inline constexpr std::int64_t kMaxRows = std::int64_t{1} << 40;
// Cells of a file before `exclude` and --filter; repetitions of a run.
inline constexpr std::int64_t kMaxCells = 100'000;
inline constexpr std::int64_t kMaxRepetitions = 100'000;
// Bytes of a name that becomes a part of file names or of table headings.
inline constexpr std::size_t kMaxNameBytes = 128;

}  // namespace moebench::config
