#include "harness/launch/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fstream>
#include <ostream>

#include "harness/base/parse.h"
#include "harness/base/printable.h"

namespace moebench::launch {
namespace {

constexpr std::string_view kPrefix = "progress: ";

template <typename Number>
bool set_number(std::string_view text, Number& number) {
  const auto parsed = parse_number<Number>(text);
  number = parsed.value_or(number);
  return parsed.has_value();
}

bool set_field(std::string_view key, std::string_view value, RankProgress& progress) {
  if (key == "phase") return !(progress.phase = value).empty();
  if (key == "step") return set_number(value, progress.step);
  if (key == "of") return set_number(value, progress.of);
  if (key == "tokens_per_second") return set_number(value, progress.tokens_per_second);
  return false;
}

// Columns of the terminal on stderr; a line that wraps could not be rewritten.
std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : 79U;
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

}  // namespace

std::optional<RankProgress> parse_progress(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  RankProgress progress;
  while (!line.empty()) {
    const auto blank = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, blank);
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (!set_field(word.substr(0, equals), word.substr(equals + 1), progress)) return std::nullopt;
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return progress;
}

std::optional<RankProgress> ProgressReader::poll() {
  std::ifstream in(path_, std::ios::binary);
  in.seekg(offset_);
  std::optional<RankProgress> newest;
  // eof() after getline means that the line has no newline yet: read it next time.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    offset_ += static_cast<std::streamoff>(line.size() + 1);
    if (auto progress = parse_progress(line)) newest = std::move(progress);
  }
  return newest;
}

ProgressDisplay::ProgressDisplay(std::ostream& out, bool is_terminal, int num_runs)
    : out_(out), is_terminal_(is_terminal), num_runs_(num_runs) {}

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::start_run(const std::string& name) {
  ++num_started_;
  name_ = printable(name);
  progress_ = {.phase = "start"};
  run_begin_ = Clock::now();
  if (is_terminal_) {
    update(progress_);
  } else {
    out_ << fmt::format("[{}/{}] {} ...\n", num_started_, num_runs_, name_) << std::flush;
  }
}

void ProgressDisplay::update(const RankProgress& progress) {
  progress_ = progress;
  if (!is_terminal_) return;
  std::string line =
      fmt::format("cell {} of {}: {}  {}", num_started_, num_runs_, name_, progress.phase);
  if (progress.of > 0) line += fmt::format(" {}/{}", progress.step, progress.of);
  if (progress.tokens_per_second > 0) {
    line += fmt::format("  {:.0f} tokens/s", progress.tokens_per_second);
  }
  rewrite(line + time_left());
}

void ProgressDisplay::end_run(const record::CellRecord& record) {
  const bool is_ok = record.disposition == record::Disposition::kOk;
  end_run(is_ok ? "ok"
                : fmt::format("{}: {}", to_string(record.disposition),
                              printable_lines(record.message)));
}

void ProgressDisplay::end_run(const std::string& result) {
  clear();
  const double seconds = std::chrono::duration<double>(Clock::now() - run_begin_).count();
  out_ << fmt::format("[{}/{}] {} {} ({})\n", num_started_, num_runs_, name_, result,
                      duration(seconds))
       << std::flush;
}

void ProgressDisplay::rewrite(const std::string& line) {
  out_ << "\r\033[K" << printable(line).substr(0, terminal_width()) << std::flush;
}

void ProgressDisplay::clear() {
  if (is_terminal_) out_ << "\r\033[K" << std::flush;
}

// Goes by the share of the work done: whole repetitions, and the measured steps of this one.
std::string ProgressDisplay::time_left() const {
  double done = num_started_ - 1;
  if (progress_.phase == "steps" && progress_.of > 0) {
    done += static_cast<double>(progress_.step) / static_cast<double>(progress_.of);
  }
  if (done <= 0) return "";
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
  return fmt::format("  {} left", duration(elapsed / done * (num_runs_ - done)));
}

}  // namespace moebench::launch
