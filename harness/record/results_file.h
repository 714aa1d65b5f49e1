#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/record/record.h"

// What record.h declares of a folder's results, for callers that say themselves which lines are no
// records, and where the records lie: the one place that knows it. A run that has the folder for
// itself writes results.jsonl. Runs of different cells that share it, at the same time and from
// different hosts, write a file a cell, records/<id>.jsonl; such a cell's later records go there
// too, whoever makes them, so that what it says is newer than what results.jsonl says of the cell.
namespace moebench::record {

// The files that hold the folder's records, in the order in which a later record of a repetition
// counts: results.jsonl, then those of cells by name. Only those that are there.
std::vector<std::filesystem::path> result_files(const std::filesystem::path& results_folder);

bool has_results(const std::filesystem::path& results_folder);

// Removes these files, and nothing else. Error where that fails.
void remove_results(const std::filesystem::path& results_folder);

// The file of a cell of its own, be it there or not.
std::filesystem::path cell_file(const std::filesystem::path& results_folder, const std::string& id);

// A line that is no record, at whichever place of its file.
struct BadLine {
  std::filesystem::path file;
  std::uint64_t number = 0;  // from 1
  std::string complaint;     // "results/x/results.jsonl:3: ..., the line is left out, ..."
};

// These do what load() and load_excerpts() do, and add the bad lines to `bad` in place of a warning
// on stderr. With kRefuse such a line is an Error, as two records of one repetition are. The last
// line of a file, which a crash may have cut short, is not among them: it is warned of.
std::vector<CellRecord> load(const std::filesystem::path& results_folder, Duplicates duplicates,
                             std::vector<BadLine>& bad);
std::vector<CellRecord> load_excerpts(const std::filesystem::path& results_folder,
                                      const Excerpt& excerpt, std::vector<BadLine>& bad);

// Returns the first complaints, and how many there are more.
std::vector<std::string> warnings_of(const std::vector<BadLine>& bad);

// Moves these lines to the file of that name with .bad behind it, behind those that are there, for
// a process that alone writes to their files. They are on disk there before they leave. Returns the
// files that have them now.
std::vector<std::filesystem::path> set_aside(const std::vector<BadLine>& bad);

}  // namespace moebench::record
