#include "harness/launch/progress.h"

#include <algorithm>
#include <fstream>

#include "harness/base/parse.h"

namespace moebench::launch {
namespace {

constexpr std::string_view kPrefix = "progress: ";

template <typename Number>
bool set_number(std::string_view text, Number& number) {
  const auto parsed = parse_number<Number>(text);
  number = parsed.value_or(number);
  return parsed.has_value();
}

bool set_field(std::string_view key, std::string_view value, RankProgress& progress) {
  if (key == "phase") return !(progress.phase = value).empty();
  if (key == "step") return set_number(value, progress.step);
  if (key == "of") return set_number(value, progress.of);
  if (key == "tokens_per_second") return set_number(value, progress.tokens_per_second);
  return false;
}

}  // namespace

std::optional<RankProgress> parse_progress(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  RankProgress progress;
  while (!line.empty()) {
    const auto blank = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, blank);
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (!set_field(word.substr(0, equals), word.substr(equals + 1), progress)) return std::nullopt;
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return progress;
}

std::optional<RankProgress> ProgressReader::poll() {
  std::ifstream in(path_, std::ios::binary);
  in.seekg(offset_);
  std::optional<RankProgress> newest;
  // eof() after getline means that the line has no newline yet: read it next time.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    offset_ += static_cast<std::streamoff>(line.size() + 1);
    if (auto progress = parse_progress(line)) newest = std::move(progress);
  }
  return newest;
}

}  // namespace moebench::launch
