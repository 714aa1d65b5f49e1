#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "harness/base/output_file.h"

namespace moebench::profile {

// A file in Chrome's trace format that is written event by event, each on a line of its own, so
// that neither writing nor joining such files holds a trace in memory. It appears at commit().
class TraceFile {
 public:
  // `about`: what the document says beside its events. Error where the file cannot be written.
  TraceFile(const std::filesystem::path& path, const nlohmann::json& about);

  void add(const nlohmann::json& event);
  // All events of a file that this class wrote. Error where it cannot be read or was cut short.
  void add_all_of(const std::filesystem::path& path);
  void commit();

 private:
  void add_text(std::string_view event);
  void write(std::string_view text);

  OutputFile file_;
  std::string buffer_;
  bool is_first_ = true;
};

}  // namespace moebench::profile
