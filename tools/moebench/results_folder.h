#pragma once

#include <filesystem>

namespace moebench::cli {

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

}  // namespace moebench::cli
