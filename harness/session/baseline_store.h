#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::session {

// Named results: STORE/NAME/<generation>/results.jsonl, generations from 1, and STORE/NAME/current
// with the number of the one that counts.
class BaselineStore {
 public:
  explicit BaselineStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::vector<std::string> names() const;
  std::vector<int> generations(const std::string& name) const;  // ascending
  int current(const std::string& name) const;

  // Of the current generation, or of another. NoBaseline where there is none of that name.
  std::vector<record::CellRecord> load(const std::string& name) const;
  std::vector<record::CellRecord> load(const std::string& name, int generation) const;

  // A new generation; the first is the current one at once. Its number.
  int save(const std::string& name, const std::vector<record::CellRecord>& records) const;
  void promote(const std::string& name, int generation) const;
  void remove(const std::string& name) const;

 private:
  std::filesystem::path folder_of(const std::string& name) const;

  std::filesystem::path folder_;
};

}  // namespace moebench::session
