#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/record.h"

namespace moebench::session {

// A run that was made elsewhere, of which there are logs.
struct Adoption {
  std::vector<std::filesystem::path> logs;
  std::string adapter = "auto";        // or one of trainers/README.md
  std::string pattern{};               // of adapter regex
  std::vector<std::string> meaning{};  // of its numbers, as trainers::parse_meaning takes it
  std::vector<std::pair<std::string, std::string>> axes{};  // as the user states them, in order
  std::int64_t warmup_steps = 1;  // the first steps of the log, which are not measured
  std::string scenario = "adopted";
  std::filesystem::path folder;  // of the results
  std::string command_line;
};

// Makes a record of it, marked `adopted` in its environment, and appends it to the folder's
// results.jsonl. Its id is a hash of the axes, its repetition the next of that id. Axes that a
// scenario knows are held to their values, others are the run's own; `ranks` is the number of
// ranks, 1 without it, and `engine` the adapter's name without it. With packing=true, micro_batch
// and seq_len the tokens of a step follow from the axes where the log has none. Throws Error where
// a log cannot be read, no line of it is the adapter's, no step is left behind the warm-up, an axis
// has no such value, or the same logs were adopted before.
record::CellRecord adopt(const Adoption& adoption);

}  // namespace moebench::session
