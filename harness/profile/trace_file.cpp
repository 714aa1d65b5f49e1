#include "harness/profile/trace_file.h"

#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace moebench::profile {
namespace {

using nlohmann::json;

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr std::string_view kEventsBegin = "\"traceEvents\": [";
constexpr std::string_view kEventsEnd = "]";

// An object without its closing brace. Analysis tools look for `"rank": N` with that space, which
// an indented document has.
std::string opened(const json& about) {
  json document = about;
  document["schemaVersion"] = 1;
  document["displayTimeUnit"] = "ms";
  std::string text = document.dump(0);
  text.erase(text.rfind("\n}"));
  return text;
}

}  // namespace

TraceFile::TraceFile(const std::filesystem::path& path, const json& about) : file_(path) {
  write(opened(about));
  write(",\n");
  write(kEventsBegin);
}

void TraceFile::add(const json& event) { add_text(event.dump()); }

void TraceFile::add_all_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  while (std::getline(in, line) && line != kEventsBegin) {
  }
  while (std::getline(in, line) && line != kEventsEnd) {
    std::string_view event = line;
    if (event.ends_with(',')) event.remove_suffix(1);
    add_text(event);
  }
  if (!in) throw Error("cannot read '{}': it is no whole trace of a rank", path.string());
}

void TraceFile::commit() {
  write("\n");
  write(kEventsEnd);
  write("\n}\n");
  file_.append(buffer_);
  file_.commit();
}

void TraceFile::add_text(std::string_view event) {
  write(is_first_ ? "\n" : ",\n");
  write(event);
  is_first_ = false;
}

void TraceFile::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() < kBufferBytes) return;
  file_.append(buffer_);
  buffer_.clear();
}

}  // namespace moebench::profile
