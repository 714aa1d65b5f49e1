#include "harness/record/rank_trace.h"

#include <fmt/core.h>
#include <unistd.h>

#include <string_view>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/host_name.h"
#include "harness/base/parse.h"

namespace moebench::record {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 4096;

fs::path trace_path(const fs::path& folder, std::int64_t rank) {
  return folder / fmt::format("rank_{}.started", rank);
}

// "<pid> <host>\n"
std::optional<RankTrace> parse_trace(std::string_view text) {
  const auto parsed = parse_leading_number<int>(text);
  if (!parsed || parsed->first < 1) return std::nullopt;
  std::string_view host = parsed->second;
  if (!host.starts_with(' ') || !host.ends_with('\n') || host.size() < 3) return std::nullopt;
  host.remove_prefix(1);
  host.remove_suffix(1);
  return RankTrace{std::string(host), parsed->first};
}

}  // namespace

void write_trace(const fs::path& folder, std::int64_t rank) {
  write_file_atomically(trace_path(folder, rank), fmt::format("{} {}\n", ::getpid(), host_name()));
}

RankTraces read_traces(const fs::path& folder, std::int64_t ranks) {
  RankTraces traces(static_cast<std::size_t>(ranks));
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    const fs::path path = trace_path(folder, rank);
    try {
      if (!fs::exists(path)) continue;
      traces[static_cast<std::size_t>(rank)] = parse_trace(read_file(path, kMaxBytes));
    } catch (const Error&) {  // it would only have said more of a failure
    }
  }
  return traces;
}

}  // namespace moebench::record
