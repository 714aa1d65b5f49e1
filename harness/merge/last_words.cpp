#include "harness/merge/last_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "harness/base/parse.h"
#include "harness/base/printable.h"
#include "harness/base/words.h"
#include "harness/merge/known_causes.h"

namespace moebench::merge {
namespace {

constexpr std::size_t kToldLines = 3;         // of each stream, in a message
constexpr std::size_t kToldCharacters = 200;  // of a line
constexpr std::size_t kTailLines = 20;
constexpr std::size_t kTailBytes = 16384;
constexpr int kSignalBase = 128;  // shells and launchers add it to the signal that ended a program

// These stand after any failure, whatever its reason.
constexpr std::array<std::string_view, 34> kTellsNothing = {
    "progress: ",
    "noticed that process rank",
    "closing signal SIGTERM",
    "*** Process received signal ***",
    "*** End of error message ***",
    "Primary job  terminated normally, but",
    "a non-zero exit code. Per user-direction, the job has been aborted.",
    "mpirun detected that one or more processes exited with non-zero status",
    "prterun detected that one or more processes exited with non-zero status",
    "the job to be terminated. The first process to do so was:",
    "Process name: [",
    "Exit code:",
    "more process has sent help message",
    "more processes have sent help message",
    "orte_base_help_aggregate",
    "MPI_ABORT was invoked on rank",
    "with errorcode",
    "NOTE: invoking MPI_ABORT causes Open MPI to kill all MPI processes.",
    "You may or may not see output from other processes, depending on",
    "exactly when Open MPI kills them.",
    "*** MPI_ERRORS_ARE_FATAL",
    "***    and potentially your MPI job",
    "*** on a NULL communicator",
    "*** Unknown error",
    "*** reported by process",
    "Job step aborted: Waiting up to",
    ": Exited with exit code ",
    "srun: Terminating ",
    "mpirun is exiting due to",
    "Please verify your allocation",
    "lack of common network interfaces and/or no route found between",
    "them. Please check network connectivity (including firewalls",
    "and network routing requirements).",
    "job will now abort",
};

// Drops the "[host:pid] " that differs from rank to rank.
std::string_view without_origin(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  const std::size_t colon = line.find(':');
  return end == std::string_view::npos || colon > end ? line : line.substr(end + 2);
}

// "[12] /lib/libc.so.6(+0x2724a)[0x7fee08e4524a]", as Open MPI prints where a rank stood. The last
// ones are those around main().
bool is_stack_frame(std::string_view line) {
  const std::size_t end = line.find(']');
  if (!line.starts_with('[') || end == std::string_view::npos) return false;
  return line.substr(1, end - 1).find_first_not_of(" 0123456789") == std::string_view::npos &&
         line.find("[0x") != std::string_view::npos;
}

bool tells_something(std::string_view line) {
  return line.find_first_not_of("-*= ") != std::string_view::npos &&
         !is_stack_frame(without_origin(trimmed(line))) &&
         std::ranges::none_of(kTellsNothing, [&](std::string_view words) {
           return line.find(words) != std::string_view::npos;
         });
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string shortened(std::string line) {
  if (line.size() <= kToldCharacters) return line;
  std::size_t size = kToldCharacters;
  while ((static_cast<unsigned char>(line[size]) & 0xC0) == 0x80) --size;  // between characters
  return line.substr(0, size) + "…";
}

// The line of the text that holds `pattern`, whose first line counts.
std::string line_with(std::string_view pattern, std::string_view text) {
  for (const std::string_view line : split_lines(text)) {
    if (line.find(pattern.substr(0, pattern.find('\n'))) == std::string_view::npos) continue;
    return shortened(printable(without_origin(trimmed(line))));
  }
  return "";
}

// The signal that an exit code stands for, 0: none.
int signal_of(int exit_code) {
  const int signal = exit_code - kSignalBase;
  constexpr std::array kUsual = {SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGTERM};
  return std::ranges::count(kUsual, signal) > 0 ? signal : 0;
}

std::string signal_text(int signal) {
  return fmt::format("signal {} ({})", signal, ::strsignal(signal));
}

std::string exit_text(int exit_code, int signal) {
  return fmt::format("exit code {}{}", exit_code,
                     signal == 0 ? "" : ", as after " + signal_text(signal));
}

// The number behind "[host:" or "rank " at the begin of a line; nullopt where there is none.
std::optional<int> number_behind(std::string_view line, std::string_view begin) {
  if (!line.starts_with(begin)) return std::nullopt;
  const auto parsed = parse_leading_number<int>(line.substr(begin.size()));
  const bool ends = parsed && (parsed->second.starts_with(']') || parsed->second.starts_with(':'));
  return ends ? std::optional(parsed->first) : std::nullopt;
}

// Whether a line says that it is of another rank than `dead`.
bool is_of_another_rank(std::string_view line, const DeadRank& dead,
                        const record::RankTraces& started) {
  const auto rank = number_behind(line, "rank ");
  if (rank) return *rank != dead.rank;
  for (std::size_t other = 0; other < started.size(); ++other) {
    if (!started[other] || static_cast<int>(other) == dead.rank) continue;
    if (number_behind(line, "[" + started[other]->host + ":") == started[other]->pid) return true;
  }
  return false;
}

// The text before torchrun's own report of a failed rank: dozens of lines, behind the rank's.
std::string_view before_torchrun_report(std::string_view text) {
  const std::size_t report = text.find("failed (exitcode: ");
  if (report == std::string_view::npos) return text;
  const std::size_t line_end = text.rfind('\n', report);
  return text.substr(0, line_end == std::string_view::npos ? 0 : line_end);
}

// The text without what other ranks say of themselves, where a rank is blamed: the ends of its
// peers are only the echo of its own.
std::string of_the_dead_rank(const std::string& text, const Outcome& outcome) {
  const auto dead = first_dead_rank(outcome);
  if (!dead) return text;
  std::string kept;
  for (const std::string_view line : split_lines(before_torchrun_report(text))) {
    if (!is_of_another_rank(line, *dead, outcome.started)) kept += std::string(line) + "\n";
  }
  return telling_lines(kept, 1).empty() ? text : kept;
}

// The line by which a cause is known, and the last ones of both streams, each once.
std::vector<std::string> lines_to_tell(const Outcome& outcome, std::string_view pattern) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& line) {
    if (!line.empty() && std::ranges::count(lines, line) == 0) lines.push_back(line);
  };
  if (!pattern.empty()) {
    const std::string line = line_with(pattern, outcome.stderr_text + "\n" + outcome.stdout_text);
    if (tells_something(line)) add(line);
  }
  for (const std::string* text : {&outcome.stderr_text, &outcome.stdout_text}) {
    for (std::string& line : telling_lines(of_the_dead_rank(*text, outcome), kToldLines)) {
      add(shortened(std::move(line)));
    }
  }
  return lines;
}

std::string where_it_lies(const Outcome& outcome) {
  if (outcome.log_folder.empty()) return "";
  const bool has_out = !telling_lines(outcome.stdout_text, 1).empty();
  return fmt::format("log: {}/stderr{}", outcome.log_folder,
                     has_out ? fmt::format(", {}/stdout", outcome.log_folder) : "");
}

// " (last lines: ...; log: ...)"
std::string told(const Outcome& outcome, std::string_view pattern) {
  const auto lines = lines_to_tell(outcome, pattern);
  const std::string place = where_it_lies(outcome);
  return fmt::format(" ({}{}{})", lines.empty() ? "no reason was printed" : "last lines: ",
                     fmt::join(lines, " / "), place.empty() ? "" : "; " + place);
}

}  // namespace

std::vector<std::string> telling_lines(std::string_view text, std::size_t max_lines) {
  std::vector<std::string> lines;
  std::vector<std::string_view> all = split_lines(text);
  for (auto line = all.rbegin(); line != all.rend() && lines.size() < max_lines; ++line) {
    if (!tells_something(*line)) continue;
    std::string words = printable(without_origin(trimmed(*line)));
    if (std::ranges::count(lines, words) == 0) lines.push_back(std::move(words));
  }
  std::ranges::reverse(lines);
  return lines;
}

Explanation explain(const Outcome& outcome) {
  const KnownCause* known =
      find_cause(outcome.stderr_text + "\n" + outcome.stdout_text + "\n" + how_it_ended(outcome));
  Explanation explanation;
  if (known != nullptr) {
    explanation.text = fmt::format(": {}; {}", known->cause, known->remedy);
    explanation.is_out_of_memory = known->is_out_of_memory;
  }
  explanation.text += told(outcome, known == nullptr ? "" : known->pattern);
  return explanation;
}

std::string details(const Outcome& outcome) { return told(outcome, ""); }

std::optional<DeadRank> first_dead_rank(const Outcome& outcome) {
  std::optional<DeadRank> dead;
  if (outcome.is_rank) {
    const bool failed = outcome.signal != 0 || outcome.exit_code != 0;
    if (failed) dead = DeadRank{0, "", outcome.signal, outcome.exit_code};
  } else {
    dead = find_dead_rank(outcome.stderr_text);
    if (!dead) dead = find_dead_rank(outcome.stdout_text);
  }
  if (!dead || !dead->host.empty()) return dead;
  const auto rank = static_cast<std::size_t>(dead->rank);
  if (rank < outcome.started.size() && outcome.started[rank]) {
    dead->host = outcome.started[rank]->host;
  }
  return dead;
}

int ending_signal(const Outcome& outcome) {
  if (outcome.signal != 0) return outcome.signal;
  // Open MPI has numbers above 128 for ranks that it could not start, too.
  if (outcome.stdout_text.find("failed to start") != std::string::npos) return 0;
  const auto dead = first_dead_rank(outcome);
  if (dead && dead->signal != 0) return dead->signal;
  return signal_of(outcome.exit_code);
}

std::string how_it_ended(const Outcome& outcome) {
  const auto dead = first_dead_rank(outcome);
  if (dead) {
    const std::string host = dead->host.empty() ? "" : fmt::format(" (host {})", dead->host);
    return fmt::format(
        "rank {}{} {}", dead->rank, printable(host),
        dead->signal != 0 ? "was ended by " + signal_text(dead->signal)
                          : "ended with " + exit_text(dead->exit_code, signal_of(dead->exit_code)));
  }
  if (outcome.signal != 0) return "killed by " + signal_text(outcome.signal);
  return exit_text(outcome.exit_code, ending_signal(outcome));
}

std::string output_tail(const Outcome& outcome) {
  std::string_view text =
      trimmed(outcome.stderr_text).empty() ? outcome.stdout_text : outcome.stderr_text;
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() > kTailBytes) text.remove_prefix(text.size() - kTailBytes);
  const std::vector<std::string_view> lines = split_lines(text);
  const std::size_t begin = lines.size() - std::min(lines.size(), kTailLines);
  return fmt::format(
      "{}", fmt::join(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.end(), "\n"));
}

}  // namespace moebench::merge
