#include "harness/launch/engine_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <fstream>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/config/placeholders.h"
#include "harness/trainers/adapter.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = 1 << 20;

std::vector<std::string> patterns_of(const config::EngineConfig& engine,
                                     const trainers::AdapterInfo& adapter, const fs::path& folder) {
  std::vector<std::string> patterns;
  for (const std::string& log : engine.logs) {
    patterns.push_back(
        config::fill_in_at_start(log, {{"out", folder.string()}, {"port", ""}, {"events", ""}}));
  }
  if (patterns.empty()) patterns.assign(adapter.files.begin(), adapter.files.end());
  return patterns;
}

std::vector<fs::path> files_of(const std::vector<std::string>& patterns, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const std::string& pattern : patterns) {
    for (const fs::path& file : matching_files(folder, pattern)) {
      if (std::ranges::count(files, file) == 0) files.push_back(file);
    }
  }
  return files;
}

std::string no_files_complaint(const config::EngineConfig& engine,
                               const std::vector<std::string>& patterns) {
  if (engine.adapter == "events") {
    return "no events: nothing wrote the file that MOEBENCH_EVENTS names; let the training program "
           "write it (tools/trainers/moebench_events.py), or name another adapter, or none";
  }
  return fmt::format(
      "no file for adapter {} ({}) in the repetition's folder; does the command write "
      "to {{out}}?",
      engine.adapter, fmt::join(patterns, ", "));
}

}  // namespace

std::vector<fs::path> matching_files(const fs::path& folder, const std::string& pattern) {
  std::vector<fs::path> files;
  std::error_code error;
  const std::string beginning = folder.string() + "/";
  const bool is_below = pattern.starts_with(beginning);
  if (fs::path(pattern).is_absolute() && !is_below) {
    if (fs::is_regular_file(pattern, error)) files.emplace_back(pattern);
    return files;
  }
  const std::string wanted = is_below ? pattern.substr(beginning.size()) : pattern;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    const std::string name = pattern.find('/') == std::string::npos
                                 ? at->path().filename().string()
                                 : fs::relative(at->path(), folder, error).string();
    if (::fnmatch(wanted.c_str(), name.c_str(), 0) == 0) files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

std::string hash_of_files(const std::vector<fs::path>& files) {
  std::string hashes;
  std::string chunk(kChunkBytes, '\0');
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::uint64_t hash = 0;
    while (in.read(chunk.data(), std::ssize(chunk)) || in.gcount() > 0) {
      const auto size = static_cast<std::size_t>(in.gcount());
      hash = mix64(hash ^ hash64(std::string_view(chunk).substr(0, size)));
    }
    hashes += fmt::format("{:016x} ", hash);
  }
  return hash_hex(hashes);
}

merge::ReadLog read_engine_log(const config::CellConfig& cell, const fs::path& folder,
                               record::Environment& environment) {
  merge::ReadLog read;
  const config::EngineConfig& engine = cell.engine;
  environment["adapter"] = engine.adapter;
  environment["output_hash"] = hash_of_files({folder / "stdout", folder / "stderr"});
  if (engine.adapter == "none") return read;
  const trainers::AdapterInfo& adapter = trainers::find_adapter(engine.adapter);
  const std::vector<std::string> patterns = patterns_of(engine, adapter, folder);
  const std::vector<fs::path> files = files_of(patterns, folder);
  if (files.empty()) {
    read.complaint = no_files_complaint(engine, patterns);
    return read;
  }
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.lexically_relative(folder).string());
  environment["logs"] = fmt::format("{}", fmt::join(names, " "));
  environment["log_hash"] = hash_of_files(files);
  try {
    trainers::TrainerLog log = trainers::read_log(
        adapter, files,
        {.pattern = engine.pattern, .meaning = trainers::parse_meaning(engine.meaning)});
    if (log.num_matched == 0) {
      read.complaint =
          fmt::format("{} lines of {} say nothing that adapter {} knows ({})", log.num_lines,
                      environment["logs"], adapter.name, adapter.description);
    } else {
      read.log = std::move(log);
    }
  } catch (const Error& error) {
    read.complaint = error.what();
  }
  return read;
}

}  // namespace moebench::launch
