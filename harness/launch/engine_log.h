#pragma once

#include <filesystem>

#include "harness/config/cell.h"
#include "harness/merge/merge_trainer.h"
#include "harness/record/record.h"

namespace moebench::launch {

// Reads what a repetition of another engine left in its folder, with the engine's adapter. Never
// throws for what stands in the files: that is the complaint. States in `environment` the adapter,
// the files (`logs`), a hash of them (`log_hash`) and one of what was printed (`output_hash`).
merge::ReadLog read_engine_log(const config::CellConfig& cell, const std::filesystem::path& folder,
                               record::Environment& environment);

// Files below `folder` that match a shell pattern, in order: by their name, or by their path in it
// where the pattern has a '/'. It may begin with the folder; of another absolute path that file.
std::vector<std::filesystem::path> matching_files(const std::filesystem::path& folder,
                                                  const std::string& pattern);

// A hash of the files' content, read by chunks.
std::string hash_of_files(const std::vector<std::filesystem::path>& files);

}  // namespace moebench::launch
