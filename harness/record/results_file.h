#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/record/record.h"

// What record.h declares of results.jsonl, for callers that say themselves which lines are none.
namespace moebench::record {

// A line that is no record, at whichever place of the file.
struct BadLine {
  std::uint64_t number = 0;  // from 1
  std::string complaint;     // "results/x/results.jsonl:3: ..., the line is left out, ..."
};

// These do what load() and load_excerpts() do, and add the bad lines to `bad` in place of a warning
// on stderr. With kRefuse such a line is an Error, as two records of one repetition are. The last
// line, which a crash may have cut short, is not among them: it is warned of.
std::vector<CellRecord> load(const std::filesystem::path& results_folder, Duplicates duplicates,
                             std::vector<BadLine>& bad);
std::vector<CellRecord> load_excerpts(const std::filesystem::path& results_folder,
                                      const Excerpt& excerpt, std::vector<BadLine>& bad);

// Returns the first complaints, and how many there are more.
std::vector<std::string> warnings_of(const std::vector<BadLine>& bad);

// Moves these lines to results.jsonl.bad, behind those that are there, for a process that alone
// writes to the folder. They are on disk there before they leave results.jsonl. Returns the file.
std::filesystem::path set_aside(const std::filesystem::path& results_folder,
                                const std::vector<BadLine>& bad);

}  // namespace moebench::record
