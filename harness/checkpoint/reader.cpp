#include "harness/checkpoint/reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/checkpoint/content_hash.h"
#include "harness/checkpoint/folder.h"

namespace moebench::checkpoint {

namespace fs = std::filesystem;

Reader::Reader(const fs::path& path) : path_(find_checkpoint(path)) {
  const fs::path manifest = path_ / kManifestName;
  std::error_code ignored;
  if (!fs::exists(manifest, ignored)) {
    throw Error("checkpoint '{}' has lost its {}; {}", path_.string(), kManifestName,
                remedy_for(path_));
  }
  manifest_ = parse_manifest(read_file(manifest), manifest.string());
  files_.resize(manifest_.files.size());
  for (std::size_t file = 0; file < manifest_.files.size(); ++file) {
    for (const SavedPiece& piece : manifest_.files[file].pieces) {
      pieces_[{piece.parameter, piece.quantity}][piece.begin] = {&piece, file};
    }
  }
}

void Reader::fail(const ShardFile& file, const std::string& problem) const {
  throw Error("checkpoint file '{}' {}; {}", (path_ / file.name).string(), problem,
              remedy_for(path_));
}

void Reader::verify_file(std::size_t index) const {
  const ShardFile& file = manifest_.files[index];
  const fs::path path = path_ / file.name;
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) fail(file, fmt::format("cannot be read ({})", error.message()));
  if (size != static_cast<std::uintmax_t>(file.num_bytes)) {
    fail(file, fmt::format("has {} bytes, its manifest says {}", size, file.num_bytes));
  }
  if (hash_of_file(path) != file.hash) {
    fail(file, "is damaged: its content does not have the hash that its manifest states");
  }
}

const weights::SafetensorsReader& Reader::open(std::size_t file) const {
  if (!files_[file]) {
    files_[file] = std::make_unique<weights::SafetensorsReader>(path_ / manifest_.files[file].name);
  }
  return *files_[file];
}

const Reader::Location& Reader::locate(Quantity quantity, const std::string& parameter,
                                       std::int64_t element) const {
  const auto pieces = pieces_.find({parameter, quantity});
  if (pieces != pieces_.end()) {
    const auto next = pieces->second.upper_bound(element);
    if (next != pieces->second.begin()) {
      const Location& location = std::prev(next)->second;
      if (element < location.piece->begin + location.piece->count) return location;
    }
  }
  throw Error("checkpoint '{}' holds no {} of '{}' from element {} on; it is of another model, {}",
              path_.string(), to_string(quantity), parameter, element, remedy_for(path_));
}

void Reader::read(Quantity quantity, const std::string& parameter, std::int64_t begin,
                  std::span<std::byte> out) const {
  const std::int64_t width = weights::element_bytes(manifest_.dtype);
  while (!out.empty()) {
    const Location& location = locate(quantity, parameter, begin);
    const SavedPiece& piece = *location.piece;
    const auto& file = open(location.file);
    const auto tensor = file.tensors().find(piece.tensor_name());
    if (tensor == file.tensors().end() || tensor->second.num_bytes != piece.count * width) {
      fail(manifest_.files[location.file],
           fmt::format("does not hold '{}' as its manifest says", piece.tensor_name()));
    }
    const std::int64_t count = std::min(std::ssize(out) / width, piece.begin + piece.count - begin);
    const auto part = out.first(static_cast<std::size_t>(count * width));
    file.read_stored(piece.tensor_name(), (begin - piece.begin) * width, part);
    out = out.subspan(part.size());
    begin += count;
  }
}

std::map<std::string, std::int64_t> Reader::parameters() const {
  std::map<std::string, std::int64_t> sizes;
  for (const auto& [key, pieces] : pieces_) {
    const SavedPiece& last = *pieces.rbegin()->second.piece;
    sizes[key.first] = last.begin + last.count;
  }
  return sizes;
}

}  // namespace moebench::checkpoint
