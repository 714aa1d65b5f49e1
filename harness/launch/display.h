#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "harness/launch/progress.h"
#include "harness/launch/run_cell.h"
#include "harness/record/record.h"

namespace moebench::launch {

// How much a session says beside its results.
enum class Verbosity {
  kQuiet,    // what failed
  kNormal,   // each run as it goes, and notes
  kVerbose,  // also what is started and where, and figures of each run
};

// Where a session writes its notes: `out`, or nowhere when quiet or where there is none.
std::ostream& notes(std::ostream* out, Verbosity verbosity);

// Columns of the terminal on stderr that a line may take: one less than it has, or than COLUMNS
// says where it does not tell; a line that wraps could not be rewritten.
std::size_t terminal_width();

struct DisplayOptions {
  using Clock = std::chrono::steady_clock;

  bool is_terminal = false;  // what is written to
  Verbosity verbosity = Verbosity::kNormal;
  std::function<Clock::time_point()> now = Clock::now;
  std::function<std::size_t()> width = terminal_width;  // asked for each line
};

// Shows runs one after the other: one line that is rewritten on a terminal, else a line at each
// start and end.
class ProgressDisplay {
 public:
  ProgressDisplay(std::ostream& out, int num_runs, DisplayOptions options);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Has runs with these options shown, between start_run() and end_run().
  void follow(RunCellOptions& options);

  void start_run(const std::string& name);
  void update(const RankProgress& progress);
  // Moves what moves: several times a second, whether or not the ranks say anything.
  void tick();
  // A line for those who want to know more.
  void detail(const std::string& line);
  // "ok", or its disposition and message.
  void end_run(const record::CellRecord& record);
  void end_run(const std::string& result);

 private:
  void print(const std::string& line);
  void end_run(const std::string& result, bool is_shown);
  void redraw();
  void clear();
  double seconds_since(DisplayOptions::Clock::time_point begin) const;
  void foresee_end();
  std::string time_left() const;

  std::ostream& out_;
  DisplayOptions options_;
  int num_runs_;
  int num_started_ = 0;
  std::string name_;
  RankProgress progress_;
  int num_ended_ = 0;
  double ended_s_ = 0;  // that they took
  bool is_foreseen_ = false;
  double end_s_ = 0;                                             // of all runs, from `begin_` on
  DisplayOptions::Clock::time_point begin_, run_begin_, heard_;  // heard: of the ranks
  std::optional<DisplayOptions::Clock::time_point> steps_begin_;
};

}  // namespace moebench::launch
