#include "harness/launch/display.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "harness/launch/display_line.h"
#include "harness/testing/golden_testing.h"

namespace moebench::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A display on a terminal of one line, by a clock of its own. What stands there after each event is
// a line of the recording, "  1.2 | ...", and what has become permanent one without the bar.
class Recording {
 public:
  Recording(std::size_t width, Verbosity verbosity)
      : width_(width),
        display_(out_, 3,
                 {.is_terminal = true,
                  .verbosity = verbosity,
                  .now = [this] { return now_; },
                  .width = [width] { return width - 1; }}) {}

  template <typename Event>
  void at(double seconds, const Event& event) {
    now_ = DisplayOptions::Clock::time_point() +
           std::chrono::duration_cast<DisplayOptions::Clock::duration>(
               std::chrono::duration<double>(seconds));
    event(display_);
    const std::string text = out_.str();
    out_.str("");
    std::string line;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, 4, "\r\033[K") == 0) {
        line.clear();
        i += 3;
      } else if (text[i] == '\n') {
        recording_ += fmt::format("{:5.1f}   {}\n", seconds, line);
        line.clear();
      } else {
        line += text[i];
      }
    }
    EXPECT_LT(num_columns(line), width_) << line;
    if (!line.empty()) recording_ += fmt::format("{:5.1f} | {}\n", seconds, line);
  }

  const std::string& text() const { return recording_; }

 private:
  std::size_t width_;
  DisplayOptions::Clock::time_point now_{};
  std::ostringstream out_;
  ProgressDisplay display_;
  std::string recording_;
};

record::CellRecord ok_record() {
  record::CellRecord record;
  record.metrics["runtime"] = {.unit = "ns", .value = 1.21e9};
  record.metrics["tokens_per_second"] = {.unit = "tokens/s", .value = 2981.4};
  record.metrics["mem_peak"] = {.unit = "bytes", .value = 29.7e6};
  record.metrics["other_cores"] = {.unit = "1", .value = 0.125};
  return record;
}

record::CellRecord failed_record() {
  record::CellRecord record;
  record.disposition = record::Disposition::kOutOfMemory;
  record.message = "rank 1: cannot allocate 1 TB";
  return record;
}

std::string session(std::size_t width, Verbosity verbosity) {
  Recording terminal(width, verbosity);
  const auto starts = [](const char* name) {
    return [name](ProgressDisplay& display) { display.start_run(name); };
  };
  const auto says = [](RankProgress progress) {
    return [progress](ProgressDisplay& display) { display.update(progress); };
  };
  const auto ends = [](record::CellRecord record) {
    return [record](ProgressDisplay& display) { display.end_run(record); };
  };
  const auto ticks = [](ProgressDisplay& display) { display.tick(); };

  terminal.at(0, starts("mixtral-tiny · fsdp · loop #0"));
  terminal.at(0, [](ProgressDisplay& display) { display.detail("folder: results/cells/a/0"); });
  for (const double seconds : {0.2, 0.4, 0.6, 0.8}) terminal.at(seconds, ticks);
  terminal.at(1, says({"probe", 0, 1, 0}));
  terminal.at(1.2, ticks);
  terminal.at(2, says({"load", 0, 1, 0}));
  terminal.at(2.4, says({"warmup", 1, 2, 640}));
  terminal.at(3, says({"steps", 1, 4, 2975.2}));
  terminal.at(4, says({"steps", 4, 4, 2990}));
  terminal.at(4.4, says({"memory", 0, 1, 0}));
  terminal.at(5, ends(ok_record()));
  terminal.at(5, starts("mixtral-tiny · ep 2 · grouped #0"));
  terminal.at(7, says({"steps", 2, 4, 5175}));
  terminal.at(8, ticks);
  terminal.at(9, ends(failed_record()));
  terminal.at(9, starts("a trainer with \033[31m colours"));
  terminal.at(3700, says({"training", 0, 0, 0}));
  terminal.at(3710, [](ProgressDisplay& display) { display.end_run("interrupted"); });
  return terminal.text();
}

TEST(Display, ASessionOnTerminals) {
  for (const std::size_t width : {40, 80, 160}) {
    expect_golden(fmt::format("session_{}.txt", width), session(width, Verbosity::kNormal));
  }
  expect_golden("session_verbose.txt", session(80, Verbosity::kVerbose));
  expect_golden("session_quiet.txt", session(80, Verbosity::kQuiet));
}

TEST(Display, PlainLinesWithoutATerminal) {
  std::ostringstream out;
  ProgressDisplay display(out, 2, {});
  display.start_run("parallelism=ep");
  display.update({"steps", 1, 2, 100});
  display.tick();
  display.end_run(ok_record());
  EXPECT_EQ(out.str(), "[1/2] parallelism=ep ...\n[1/2] parallelism=ep ok (0 s)\n");
}

TEST(Display, WhoIsQuietHearsOfFailures) {
  std::ostringstream out;
  ProgressDisplay display(out, 2, {.verbosity = Verbosity::kQuiet});
  display.start_run("a");
  display.end_run(ok_record());
  display.start_run("b");
  display.end_run(failed_record());
  EXPECT_EQ(out.str(), "[2/2] b out_of_memory: rank 1: cannot allocate 1 TB (0 s)\n");
}

TEST(Display, LeavesNothingOnTheTerminal) {
  std::ostringstream out;
  {
    ProgressDisplay display(out, 4, {.is_terminal = true});
    display.start_run("x");
    EXPECT_THAT(out.str(), Not(HasSubstr("\n")));
  }
  EXPECT_TRUE(out.str().ends_with("\r\033[K"));
}

TEST(Display, FollowsARun) {
  std::ostringstream out;
  ProgressDisplay display(out, 1, {.is_terminal = true, .width = [] { return 79; }});
  RunCellOptions options;
  display.follow(options);
  display.start_run("x");
  options.on_progress({"steps", 1, 2, 100});
  EXPECT_THAT(out.str(), HasSubstr("x  steps 1/2  100 tokens/s"));
  out.str("");
  options.on_tick();
  EXPECT_THAT(out.str(), HasSubstr("x  steps 1/2  100 tokens/s"));
}

TEST(Display, NotesAreForThoseWhoAreNotQuiet) {
  std::ostringstream out;
  notes(&out, Verbosity::kNormal) << "a";
  notes(&out, Verbosity::kVerbose) << "b";
  notes(&out, Verbosity::kQuiet) << "c";
  notes(nullptr, Verbosity::kNormal) << "d";
  EXPECT_EQ(out.str(), "ab");
}

// Where stderr is no terminal, as under ctest.
TEST(Display, TakesTheWidthOfCOLUMNS) {
  if (::isatty(STDERR_FILENO) == 1) GTEST_SKIP() << "stderr is a terminal, which tells its width";
  const char* before = std::getenv("COLUMNS");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("COLUMNS", "132", 1);
  EXPECT_EQ(terminal_width(), 131U);
  for (const char* wrong : {"", "0", "-3", "wide"}) {
    ::setenv("COLUMNS", wrong, 1);
    EXPECT_EQ(terminal_width(), 79U) << wrong;
  }
  before == nullptr ? ::unsetenv("COLUMNS") : ::setenv("COLUMNS", kept.c_str(), 1);
}

}  // namespace
}  // namespace moebench::launch
