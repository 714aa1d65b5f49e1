#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Pieces of a log's line, for the adapters of this folder.
namespace moebench::trainers {

inline constexpr double kMiB = 1024.0 * 1024;
inline constexpr double kGiB = 1024.0 * kMiB;
inline constexpr double kGB = 1e9;

// A step beyond it is no count but garbage.
inline constexpr std::int64_t kMaxStep = 1'000'000'000'000;

// All of `text` as trainers print numbers: "1,234,567", "1.2E+01", "+3", "nan", "-inf". Nothing
// where it is none, or one that a double cannot hold.
std::optional<double> number_of(std::string_view text);

// The number behind `label`, blanks between them allowed; nothing where either is missing.
std::optional<double> number_after(std::string_view line, std::string_view label);

// The same as an integer from 0 to kMaxStep.
std::optional<std::int64_t> count_after(std::string_view line, std::string_view label);

// Seconds since 1970 of "2025-06-01T12:00:03.25" or with a blank for the T, any fraction or none.
std::optional<double> seconds_of_date(std::string_view text);

// The line without terminal colours and without the origin that launchers put before it:
// "[rank0]:", "[default3]:", "[1,0]<stdout>:". Views the line itself where it has no colours, else
// `buffer`.
std::string_view without_decoration(std::string_view line, std::string& buffer);

}  // namespace moebench::trainers
