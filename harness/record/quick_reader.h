#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/record/record.h"

namespace moebench::record {

// Reads records as this program writes most of them, several times as fast as parse_record and
// without a tree of the JSON in between. What records have in common is kept once.
class QuickReader {
 public:
  explicit QuickReader(const Excerpt& excerpt) : excerpt_(excerpt) {}

  // nullopt for all else, be it malformed, of a newer version or merely rare: parse_record reads it
  // or says what is wrong with it.
  std::optional<CellRecord> read(std::string_view line);

  // What read() keeps of a record that was parsed.
  void cut(CellRecord& record);

 private:
  friend class QuickHandler;
  using Names = Headlines::Names;

  bool keeps_metric(std::string_view name) const {
    return !excerpt_.keeps_metric || excerpt_.keeps_metric(name);
  }
  bool keeps_environment(std::string_view name) const {
    return !excerpt_.keeps_environment || excerpt_.keeps_environment(name);
  }
  // Of equal ones the one that is there already.
  Environment shared(std::vector<std::pair<std::string, std::string>>&& entries);
  std::shared_ptr<const Names> shared(Names&& names);

  const Excerpt& excerpt_;
  std::unordered_map<std::string, Environment> environments_;  // by their text
  std::vector<std::shared_ptr<const Names>> names_;
};

}  // namespace moebench::record
