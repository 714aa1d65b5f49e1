#include "harness/launch/display.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "harness/base/environment_variable.h"
#include "harness/base/parse.h"
#include "harness/base/printable.h"
#include "harness/base/terminal.h"
#include "harness/launch/display_line.h"

namespace moebench::launch {
namespace {

using record::CellRecord;

constexpr std::size_t kUsualWidth = 80;
constexpr double kTurnsPerSecond = 5;  // as often as it ticks
constexpr std::string_view kTurning = "|/-\\";
constexpr const char* kClearLine = "\r\033[K";

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

std::string phase_text(const RankProgress& progress) {
  std::string text = printable(progress.phase);
  if (progress.step > 0) text += fmt::format(" {}/{}", progress.step, progress.of);
  return text;
}

// What a run has measured, as far as it has: "runtime 0.214 s, 5397 tokens/s, ...".
std::string figures(const CellRecord& record) {
  struct Figure {
    const char* metric;
    const char* form;
    double divisor;
  };
  constexpr std::array<Figure, 7> kFigures = {{{"load_time", "load {:.3g} s", 1e9},
                                               {"first_step_time", "first step {:.3g} s", 1e9},
                                               {"runtime", "runtime {:.3g} s", 1e9},
                                               {"tokens_per_second", "{:.4g} tokens/s", 1},
                                               {"mem_peak", "peak {:.3g} MB", 1e6},
                                               {"run_time", "{:.3g} s in all", 1e9},
                                               {"other_cores", "{:.2f} cores of others", 1}}};
  std::vector<std::string> texts;
  for (const Figure& figure : kFigures) {
    const auto value = record.value(figure.metric);
    if (value) texts.push_back(fmt::format(fmt::runtime(figure.form), *value / figure.divisor));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

std::ostream& notes(std::ostream* out, Verbosity verbosity) {
  static std::ostream nowhere(nullptr);
  return out == nullptr || verbosity == Verbosity::kQuiet ? nowhere : *out;
}

std::size_t terminal_width() {
  const auto own = terminal_columns(STDERR_FILENO);
  if (own && *own > 1) return *own - 1;
  const auto columns = parse_number<std::size_t>(environment_variable("COLUMNS").value_or(""));
  return columns && *columns > 1 ? *columns - 1 : kUsualWidth - 1;
}

ProgressDisplay::ProgressDisplay(std::ostream& out, int num_runs, DisplayOptions options)
    : out_(out),
      options_(std::move(options)),
      num_runs_(num_runs),
      begin_(options_.now()),
      run_begin_(begin_),
      heard_(begin_) {
  options_.is_terminal = options_.is_terminal && options_.verbosity != Verbosity::kQuiet;
}

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::follow(RunCellOptions& options) {
  options.on_progress = [this](const RankProgress& progress) { update(progress); };
  options.on_tick = [this] { tick(); };
  options.on_detail = [this](const std::string& line) { detail(line); };
}

void ProgressDisplay::start_run(const std::string& name) {
  ++num_started_;
  name_ = printable(name);
  run_begin_ = options_.now();
  steps_begin_.reset();
  if (!options_.is_terminal && options_.verbosity != Verbosity::kQuiet) {
    print(fmt::format("[{}/{}] {} ...", num_started_, num_runs_, name_));
  }
  update({.phase = "start"});
}

void ProgressDisplay::update(const RankProgress& progress) {
  // The first step began when the ranks were last heard of.
  if (progress.phase == "steps" && !steps_begin_) steps_begin_ = heard_;
  heard_ = options_.now();
  progress_ = progress;
  foresee_end();
  tick();
}

void ProgressDisplay::tick() {
  if (options_.is_terminal) redraw();
}

void ProgressDisplay::detail(const std::string& line) {
  if (options_.verbosity != Verbosity::kVerbose) return;
  print("  " + printable(line));
  tick();
}

void ProgressDisplay::end_run(const CellRecord& record) {
  if (record.disposition != record::Disposition::kOk) {
    const std::string message = printable_lines(record.message);
    return end_run(fmt::format("{}: {}", to_string(record.disposition), message), true);
  }
  end_run("ok");
  const std::string text = figures(record);
  if (options_.verbosity == Verbosity::kVerbose && !text.empty()) print("  " + text);
}

void ProgressDisplay::end_run(const std::string& result) {
  end_run(result, options_.verbosity != Verbosity::kQuiet);
}

void ProgressDisplay::end_run(const std::string& result, bool is_shown) {
  ++num_ended_;
  ended_s_ += seconds_since(run_begin_);
  if (!is_shown) return clear();
  print(fmt::format("[{}/{}] {} {} ({})", num_started_, num_runs_, name_, result,
                    duration(seconds_since(run_begin_))));
}

void ProgressDisplay::print(const std::string& line) {
  clear();
  out_ << line << '\n' << std::flush;
}

void ProgressDisplay::redraw() {
  const double elapsed = seconds_since(begin_);
  const auto turn = static_cast<std::size_t>(elapsed * kTurnsPerSecond) % kTurning.size();
  DisplayLine line;
  line.head = fmt::format("{} [{}/{}]", kTurning[turn], num_started_, num_runs_);
  line.name = name_;
  line.phase = phase_text(progress_);
  if (progress_.tokens_per_second > 0) {
    line.rate = fmt::format("{:.0f} tokens/s", progress_.tokens_per_second);
  }
  line.elapsed = clock_text(elapsed);
  line.left = time_left();
  out_ << kClearLine << fit(line, options_.width()) << std::flush;
}

void ProgressDisplay::clear() {
  if (options_.is_terminal) out_ << kClearLine << std::flush;
}

double ProgressDisplay::seconds_since(DisplayOptions::Clock::time_point begin) const {
  return std::chrono::duration<double>(options_.now() - begin).count();
}

// Goes by the steps of this run and by how long the runs before it took.
void ProgressDisplay::foresee_end() {
  const double so_far = seconds_since(run_begin_);
  const double usual = num_ended_ > 0 ? ended_s_ / num_ended_ : 0;
  double left = std::max(0.0, usual - so_far);
  if (progress_.phase == "steps" && progress_.step > 0) {
    const auto num_left = static_cast<double>(progress_.of - progress_.step);
    left = seconds_since(*steps_begin_) / static_cast<double>(progress_.step) * num_left;
  }
  is_foreseen_ = is_foreseen_ || num_ended_ > 0 || steps_begin_;
  const double one = num_ended_ > 0 ? usual : so_far + left;
  end_s_ = seconds_since(begin_) + left + one * std::max(0, num_runs_ - num_started_);
}

// Nothing where what was foreseen is over: nobody knows then.
std::string ProgressDisplay::time_left() const {
  const double left = end_s_ - seconds_since(begin_);
  return is_foreseen_ && left >= 0.5 ? clock_text(left + 0.5) + " left" : "";
}

}  // namespace moebench::launch
