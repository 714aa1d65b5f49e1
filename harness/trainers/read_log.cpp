#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/trainers/adapter.h"
#include "harness/trainers/log_text.h"

namespace moebench::trainers {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 16;

std::string shown(const std::filesystem::path& path) {
  return shortened(path.string(), kLongestShownPath);
}

// Terminals know these beside printable characters; a text has no others.
bool is_of_a_text(char c) {
  constexpr std::string_view kControls = "\t\n\v\f\r\a\b\x1b";
  return static_cast<unsigned char>(c) >= 0x20 || kControls.find(c) != std::string_view::npos;
}

using Visit = std::function<void(std::string_view line, std::int64_t number)>;

// Cuts chunks into lines. A line ends at "\n" and "\r\n", and a piece of it at "\r", with which
// progress bars begin anew; pieces that are blank are left out.
class LineCutter {
 public:
  LineCutter(const std::filesystem::path& path, const Visit& visit) : path_(path), visit_(visit) {}

  void take(std::string_view chunk) {
    refuse_binary(chunk);
    while (!chunk.empty()) {
      const std::size_t end = std::min(chunk.find_first_of("\r\n"), chunk.size());
      line_.append(chunk.substr(0, end));
      if (line_.size() > kMaxLineBytes) {
        throw Error(
            "{}:{}: a line of more than {} bytes; is it a log? Give the file that the "
            "trainer wrote",
            shown(path_), number_, kMaxLineBytes);
      }
      if (end == chunk.size()) return;
      hand_over();
      if (chunk[end] == '\n') ++number_;
      chunk.remove_prefix(end + 1);
    }
  }

  void end() { hand_over(); }

 private:
  void refuse_binary(std::string_view chunk) {
    const bool is_gzip = number_ == 1 && line_.empty() && chunk.starts_with("\x1f\x8b");
    if (is_gzip) throw Error("'{}' is compressed; unpack it with gunzip", shown(path_));
    if (std::ranges::all_of(chunk, is_of_a_text)) return;
    throw Error(
        "'{}' holds binary data from line {} on; give a log of text", shown(path_),
        number_ + std::count(chunk.begin(), std::ranges::find_if_not(chunk, is_of_a_text), '\n'));
  }

  void hand_over() {
    const std::string_view line = without_decoration(line_, plain_);
    if (line.find_first_not_of(" \t") != std::string_view::npos) visit_(line, number_);
    line_.clear();
  }

  const std::filesystem::path& path_;
  const Visit& visit_;
  std::string line_;
  std::string plain_;
  std::int64_t number_ = 1;
};

void read_lines(const std::filesystem::path& path, const Visit& visit) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw Error("cannot read '{}': there is no such file; name a trainer's log", shown(path));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error("cannot read '{}': it is no regular file; name a trainer's log", shown(path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_errno(errno, fmt::format("cannot read '{}'", shown(path)));
  LineCutter cutter(path, visit);
  std::vector<char> chunk(kChunkBytes);
  while (file) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    cutter.take({chunk.data(), static_cast<std::size_t>(file.gcount())});
  }
  if (file.bad()) throw_errno(errno, fmt::format("cannot read '{}'", shown(path)));
  cutter.end();
}

// An adapter that is tried. One that finds a line wrong sees no more of them.
struct Candidate {
  const AdapterInfo* info;
  std::unique_ptr<Adapter> adapter;
  bool is_out = false;
};

// All but those that need to be told what to look for.
std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  for (const AdapterInfo& info : adapters()) {
    if (info.name != "regex") all.push_back({&info, info.make({})});
  }
  return all;
}

void offer(Candidate& candidate, const std::function<void(Adapter&)>& call) {
  if (candidate.is_out) return;
  try {
    call(*candidate.adapter);
  } catch (const Error&) {
    candidate.is_out = true;
  }
}

std::int64_t num_matched(Candidate& candidate) {
  try {
    return candidate.adapter->finish().num_matched;
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace

TrainerLog read_log(const AdapterInfo& info, const std::vector<std::filesystem::path>& files,
                    const AdapterOptions& options) {
  const auto adapter = info.make(options);
  for (const auto& path : files) {
    adapter->begin_file(path.string());
    read_lines(path, [&](std::string_view line, std::int64_t number) {
      adapter->read_line(line, number);
    });
  }
  return adapter->finish();
}

const AdapterInfo& detect_adapter(const std::vector<std::filesystem::path>& files) {
  std::vector<Candidate> all = candidates();
  for (const auto& path : files) {
    const std::string name = path.string();
    for (Candidate& candidate : all) {
      offer(candidate, [&](Adapter& adapter) { adapter.begin_file(name); });
    }
    read_lines(path, [&](std::string_view line, std::int64_t number) {
      for (Candidate& candidate : all) {
        offer(candidate, [&](Adapter& adapter) { adapter.read_line(line, number); });
      }
    });
  }
  const AdapterInfo* best = nullptr;
  std::int64_t most = 0;
  std::vector<std::string> names;
  for (Candidate& candidate : all) {
    names.emplace_back(candidate.info->name);
    const std::int64_t matched = num_matched(candidate);
    if (matched <= most) continue;
    most = matched;
    best = candidate.info;
  }
  if (best != nullptr) return *best;
  throw Error(
      "no adapter knows a line of {}; looked for those of {}; give the file that holds the "
      "steps, or name adapter 'regex' with a pattern",
      files.empty()
          ? "no file"
          : fmt::format("'{}'{}", shown(files.front()), files.size() > 1 ? " and the others" : ""),
      fmt::join(names, ", "));
}

}  // namespace moebench::trainers
