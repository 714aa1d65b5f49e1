#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/checkpoint/manifest.h"
#include "harness/weights/safetensors.h"

namespace moebench::checkpoint {

// A whole checkpoint. Any range of any parameter can be read, wherever its pieces lie, so that any
// other sharding finds what it needs. Every error names the file and what to do. For one thread.
class Reader {
 public:
  // `path` is a checkpoint or a folder of them, of which the newest is taken. Reads and checks the
  // manifest alone.
  explicit Reader(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }

  // Reads a whole file of the manifest: Error where it is missing, cut short or altered.
  void verify_file(std::size_t index) const;

  // Fills `out` with elements of the manifest's dtype from `begin` on. Error where the checkpoint
  // does not hold them all.
  void read(Quantity quantity, const std::string& parameter, std::int64_t begin,
            std::span<std::byte> out) const;

  // Number of elements of each parameter.
  std::map<std::string, std::int64_t> parameters() const;

 private:
  struct Location {
    const SavedPiece* piece;
    std::size_t file;
  };
  // The piece that holds an element; Error where none does.
  const Location& locate(Quantity quantity, const std::string& parameter,
                         std::int64_t element) const;
  const weights::SafetensorsReader& open(std::size_t file) const;
  [[noreturn]] void fail(const ShardFile& file, const std::string& problem) const;

  std::filesystem::path path_;
  Manifest manifest_;
  // Pieces of one quantity of one parameter by their first element.
  std::map<std::pair<std::string, Quantity>, std::map<std::int64_t, Location>> pieces_;
  mutable std::vector<std::unique_ptr<weights::SafetensorsReader>> files_;  // opened when needed
};

}  // namespace moebench::checkpoint
