#include "harness/merge/rank_files.h"

#include <optional>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace moebench::merge {
namespace {

namespace fs = std::filesystem;

constexpr int kTailLines = 20;
constexpr std::size_t kTailBytes = 16384;

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

std::string last_lines(const fs::path& path) {
  std::string text = read_file(path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.size() > kTailBytes) text.erase(0, text.size() - kTailBytes);
  std::size_t begin = text.size();
  for (int line = 0; line < kTailLines && begin != 0; ++line) {
    const auto newline = text.rfind('\n', begin - 1);
    begin = newline == std::string::npos ? 0 : newline;
  }
  return begin == 0 ? text : text.substr(begin + 1);
}

}  // namespace moebench::merge
