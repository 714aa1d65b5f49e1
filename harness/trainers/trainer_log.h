#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/names.h"

namespace moebench::trainers {

// Whose tokens a trainer's figures count.
enum class TokensScope { kUnknown, kDevice, kGroup, kGlobal };
constexpr auto names_of(TokensScope) {
  return name_table<TokensScope>({{TokensScope::kUnknown, "unknown"},
                                  {TokensScope::kDevice, "device"},
                                  {TokensScope::kGroup, "group"},
                                  {TokensScope::kGlobal, "global"}});
}

// What stretch of a run a figure is taken over: one step; the steps since the last line of the log;
// all since training began, warm-up included.
enum class Window { kUnknown, kStep, kInterval, kCumulative };
constexpr auto names_of(Window) {
  return name_table<Window>({{Window::kUnknown, "unknown"},
                             {Window::kStep, "step"},
                             {Window::kInterval, "interval"},
                             {Window::kCumulative, "cumulative"}});
}

enum class Padding { kUnknown, kCounted, kNotCounted };
constexpr auto names_of(Padding) {
  return name_table<Padding>({{Padding::kUnknown, "unknown"},
                              {Padding::kCounted, "counted"},
                              {Padding::kNotCounted, "not_counted"}});
}

enum class MemoryKind { kNone, kAllocated, kMaxAllocated, kMaxReserved, kMaxActive, kResident };
constexpr auto names_of(MemoryKind) {
  return name_table<MemoryKind>({{MemoryKind::kNone, "none"},
                                 {MemoryKind::kAllocated, "allocated"},
                                 {MemoryKind::kMaxAllocated, "max_allocated"},
                                 {MemoryKind::kMaxReserved, "max_reserved"},
                                 {MemoryKind::kMaxActive, "max_active"},
                                 {MemoryKind::kResident, "resident"}});
}
using moebench::to_string;

// What the numbers of a trainer's log mean, as its sources say; stated in every record.
struct Meaning {
  TokensScope tokens_scope = TokensScope::kUnknown;
  Window tokens_window = Window::kUnknown;  // of its own tokens/s
  Window time_window = Window::kUnknown;    // of its step times; kUnknown: it gives none
  Padding padding = Padding::kUnknown;
  MemoryKind memory = MemoryKind::kNone;
  std::string memory_rank{};  // whose memory: "rank 0", "the rank that logs"; a clause
  std::string loss_scope{};   // what a loss is the mean of; a clause
  std::string flops_basis{};  // what its FLOPs count; a clause, empty where it gives none

  bool operator==(const Meaning&) const = default;
};

// What a log says of one optimizer step, or, where it has a line for several, of the last of these.
// What it does not say is nullopt.
struct Step {
  std::int64_t number = 0;                   // as the trainer counts, made to begin at 1
  std::int64_t num_steps = 1;                // that the entry is of: `number` and those before it
  std::optional<double> time_s{};            // a step; the mean where num_steps > 1
  std::optional<double> tokens{};            // real tokens of a step, of Meaning::tokens_scope
  std::optional<double> padding_tokens{};    // beside them
  std::optional<double> samples{};           // of the global batch
  std::optional<double> loss{};              // may be NaN or infinite
  std::optional<double> grad_norm{};         // may be NaN or infinite
  std::optional<double> tokens_per_s{};      // the trainer's own figure
  std::optional<double> memory_bytes{};      // of Meaning::memory
  std::optional<double> flops_per_s{};       // a device, of Meaning::flops_basis
  std::map<std::string, double> phases_s{};  // time of the step by phase

  bool operator==(const Step&) const = default;
};

// What one rank says; most logs are of one rank, or of a whole run.
struct RankLog {
  std::optional<int> rank{};  // nullopt: the log does not say
  std::vector<Step> steps{};  // each number once, rising
  std::optional<double> load_s{};
  std::optional<double> warmup_s{};
  std::optional<std::int64_t> warmup_steps{};  // that the trainer itself says were warm-up

  bool operator==(const RankLog&) const = default;
};

// A figure of a whole run: {"train_runtime", {31.2, "s"}}.
struct Total {
  double value = 0;
  std::string unit{};  // as in records: "s", "tokens/s", "FLOP", "bytes", "1"

  bool operator==(const Total&) const = default;
};

struct TrainerLog {
  Meaning meaning{};
  std::vector<RankLog> ranks{};
  std::optional<int> world_size{};  // where the log says it
  std::map<std::string, Total> totals{};
  std::vector<std::string> notes{};     // that the trainer wrote for people
  std::vector<std::string> warnings{};  // what a reader of the numbers must know, whole sentences
  std::int64_t num_lines = 0;           // that were read
  std::int64_t num_matched = 0;         // that said something
};

}  // namespace moebench::trainers
