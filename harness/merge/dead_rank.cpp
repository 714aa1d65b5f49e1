#include "harness/merge/dead_rank.h"

#include <string.h>

#include <csignal>
#include <regex>
#include <vector>

#include "harness/base/parse.h"

namespace moebench::merge {
namespace {

constexpr std::size_t kSpan = 600;  // characters of a report, which may lie on several lines

// Matches `pattern` at the first `anchor` of the text: regular expressions are slow and deep on all
// of a log.
std::optional<std::vector<std::string>> match_at(std::string_view text, std::string_view anchor,
                                                 const char* pattern) {
  const std::size_t begin = text.find(anchor);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string part(text.substr(begin, kSpan));
  std::smatch match;
  if (!std::regex_search(part, match, std::regex(pattern))) return std::nullopt;
  return std::vector<std::string>(match.begin() + 1, match.end());
}

// A number that its pattern holds to be one; too large ones are no rank's and no code's.
int number(const std::string& digits) { return parse_number<int>(digits).value_or(-1); }

std::optional<DeadRank> by_open_mpi_signal(std::string_view text) {
  const auto found = match_at(
      text, "noticed that process rank",
      R"(process\s+rank\s+(\d+)\s+with\s+PID\s+\d+\s+on\s+node\s+(\S+)\s+exited\s+on\s+signal\s+(\d+))");
  if (!found) return std::nullopt;
  return DeadRank{number(found->at(0)), found->at(1), number(found->at(2))};
}

// "Process name: [[18193,1],0]" of Open MPI 4, "[prterun-host-18193@1,0]" of 5.
std::optional<DeadRank> by_open_mpi_exit(std::string_view text) {
  const auto found = match_at(text, "Process name: [", R"(\[.*,(\d+)\]\s+Exit code:\s+(\d+))");
  if (!found) return std::nullopt;
  return DeadRank{.rank = number(found->at(0)), .host = "", .exit_code = number(found->at(1))};
}

std::optional<DeadRank> by_mpi_abort(std::string_view text) {
  const auto found = match_at(text, "MPI_ABORT was invoked on rank",
                              R"(rank (\d+) in communicator[^\n]*\s[^]*?rrorcode:?\s+(\d+))");
  if (!found) return std::nullopt;
  return DeadRank{.rank = number(found->at(0)), .host = "", .exit_code = number(found->at(1))};
}

int signal_of_words(const std::string& words) {
  for (int signal = 1; signal < SIGSYS; ++signal) {
    if (words.starts_with(::strsignal(signal))) return signal;
  }
  return 0;
}

// "srun: error: node7: tasks 3,5-6: Segmentation fault", "...: task 1: Exited with exit code 7"
std::optional<DeadRank> by_srun(std::string_view text) {
  const auto found =
      match_at(text, "srun: error: ", R"(srun: error: (\S+): tasks? (\d+)[-,\d]*: ([^\n]+))");
  if (!found) return std::nullopt;
  DeadRank dead{.rank = number(found->at(1)), .host = found->at(0)};
  std::smatch exit;
  const std::string& how = found->at(2);
  if (std::regex_search(how, exit, std::regex(R"(xit code (\d+))"))) {
    dead.exit_code = number(exit[1]);
    return dead;
  }
  dead.signal = signal_of_words(how);
  if (dead.signal == 0) return std::nullopt;
  return dead;
}

std::optional<DeadRank> by_torchrun(std::string_view text) {
  const auto found = match_at(text, "Root Cause (first observed failure)",
                              R"(host\s*: (\S+)\s+rank\s*: (\d+)[^\n]*\s+exitcode\s*: (-?)(\d+))");
  if (!found) return std::nullopt;
  DeadRank dead{.rank = number(found->at(1)), .host = found->at(0)};
  (found->at(2).empty() ? dead.exit_code : dead.signal) = number(found->at(3));
  return dead;
}

}  // namespace

std::optional<DeadRank> find_dead_rank(std::string_view text) {
  for (const auto& find :
       {by_torchrun, by_open_mpi_signal, by_mpi_abort, by_open_mpi_exit, by_srun}) {
    const std::optional<DeadRank> dead = find(text);
    if (dead && dead->rank >= 0 && dead->signal >= 0 && dead->exit_code >= 0) return dead;
  }
  return std::nullopt;
}

}  // namespace moebench::merge
