#pragma once

#include <filesystem>
#include <string>

namespace moebench::session {

// `out`, or where it is empty results/<stem of the scenario file><suffix>.
std::filesystem::path results_path(const std::string& out, const std::string& file,
                                   const std::string& suffix = "");

// A results folder that this process alone writes to, from construction to destruction.
class ResultsFolder {
 public:
  // Makes the folder where it is missing. Error where another run holds it.
  explicit ResultsFolder(const std::filesystem::path& path);
  ~ResultsFolder();
  ResultsFolder(const ResultsFolder&) = delete;
  ResultsFolder& operator=(const ResultsFolder&) = delete;

  // Removes results.jsonl and cells/, and nothing else; does nothing in a folder without
  // results.jsonl, which may hold anything.
  void remove_results() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace moebench::session
