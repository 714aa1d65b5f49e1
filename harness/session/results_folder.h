#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace moebench::session {

// `out`, or where it is empty results/<stem of the scenario file><suffix>.
std::filesystem::path results_path(const std::string& out, const std::string& file,
                                   const std::string& suffix = "");

// A results folder that this process alone writes to, from construction to destruction: to all of
// it, or to what belongs to some of its cells, beside processes that have others. On a file system
// that knows no locks nobody is kept out.
class ResultsFolder {
 public:
  // Makes the folder where it is missing. Error where another run holds it.
  explicit ResultsFolder(const std::filesystem::path& path);
  // The same of the cells with these ids.
  ResultsFolder(const std::filesystem::path& path, const std::vector<std::string>& cells);
  ~ResultsFolder();
  ResultsFolder(const ResultsFolder&) = delete;
  ResultsFolder& operator=(const ResultsFolder&) = delete;

  // Removes the records and cells/, and nothing else; does nothing in a folder without records,
  // which may hold anything.
  void remove_results() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  void open();
  // Locks a stretch of the lock file, or all of it where `size` is 0; false where another has some
  // of it.
  bool lock(off_t begin, off_t size);

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace moebench::session
