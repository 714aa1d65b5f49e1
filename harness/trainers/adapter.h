#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trainers/trainer_log.h"

namespace moebench::trainers {

// What an adapter is told beside the log.
struct AdapterOptions {
  // Of adapter `regex`: a regular expression with named groups, and what its numbers mean.
  std::string pattern{};
  Meaning meaning{};
};

// {"tokens_scope=global", "padding=counted"}: tokens_scope, tokens_window, time_window, padding and
// memory by the words of their enums. Throws Error that lists what there is.
Meaning parse_meaning(const std::vector<std::string>& pairs);

// Makes steps of the text of one trainer's log. Pure: it sees lines, not files.
class Adapter {
 public:
  virtual ~Adapter() = default;

  // What follows are lines of this file; its name may say the rank. Called before the first line.
  virtual void begin_file(std::string_view name) = 0;

  // One line without its end. Terminal colours and a launcher's "[rank0]:" have been taken off.
  // `number` counts from 1 within the file. Error that names file, line and remedy where a line
  // that must be well-formed is not.
  virtual void read_line(std::string_view line, std::int64_t number) = 0;

  // After the last line of the last file.
  virtual TrainerLog finish() = 0;
};

struct AdapterInfo {
  std::string_view name;         // as in scenarios and on the command line
  std::string_view description;  // whose logs, which versions; a clause
  // Files below a repetition's folder that hold the numbers, as shell patterns ("training*.jsonl");
  // "stdout" and "stderr" are those of the run.
  std::vector<std::string_view> files;
  Meaning meaning;
  std::unique_ptr<Adapter> (*make)(const AdapterOptions& options);
};

// In the order of trainers/README.md.
std::span<const AdapterInfo> adapters();

// Error that lists the names where there is none of this one.
const AdapterInfo& find_adapter(std::string_view name);

// Reads files with one adapter, each by chunks, so that memory does not grow with a file but only
// with the steps in it. Error, naming file and remedy, for a file that is missing, is no regular
// file, holds binary data, or has a line of more than kMaxLineBytes. A file in which nothing
// matches is no error here: num_matched tells.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;
TrainerLog read_log(const AdapterInfo& adapter, const std::vector<std::filesystem::path>& files,
                    const AdapterOptions& options = {});

// The adapter whose lines these files are of: that which matches, and where several do, that which
// matches the most lines. Error that says what was looked for where none does.
const AdapterInfo& detect_adapter(const std::vector<std::filesystem::path>& files);

}  // namespace moebench::trainers
