#include "harness/merge/rank_files.h"

#include <cstdint>
#include <fstream>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace moebench::merge {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kEndBytes = 1 << 17;

std::optional<record::RankResult> read_rank(const fs::path& path, int rank, std::int64_t ranks,
                                            std::string& complaint) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    auto result = record::parse_rank_result(read_file(path), path.string());
    if (result.rank == rank && result.world_size == ranks) return result;
    complaint = fmt::format("{} says rank {} of {}; the worker and the launcher disagree",
                            path.filename().string(), result.rank, result.world_size);
  } catch (const Error& error) {
    complaint = error.what();
  }
  return std::nullopt;
}

}  // namespace

RankResults read_ranks(const fs::path& folder, std::int64_t ranks, std::string& complaint) {
  RankResults results;
  for (int rank = 0; rank < ranks; ++rank) {
    results.push_back(
        read_rank(folder / fmt::format("rank_{}.json", rank), rank, ranks, complaint));
  }
  return results;
}

std::string both_ends(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const auto size = static_cast<std::int64_t>(in.seekg(0, std::ios::end).tellg());
  if (!in || size <= 0) return "";
  const auto read = [&](std::int64_t begin, std::int64_t end) {
    std::string text(static_cast<std::size_t>(end - begin), '\0');
    in.seekg(begin).read(text.data(), end - begin);
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
  };
  if (size <= 2 * kEndBytes) return read(0, size);
  std::string begin = read(0, kEndBytes);
  return begin + "\n" + read(size - kEndBytes, size);
}

}  // namespace moebench::merge
