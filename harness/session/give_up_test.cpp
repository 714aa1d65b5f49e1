#include "harness/session/give_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::HasSubstr;

CellRecord failure(const std::string& id, const std::string& message,
                   Disposition disposition = Disposition::kCrashed) {
  CellRecord record;
  record.id = id;
  record.message = message;
  record.disposition = disposition;
  return record;
}

constexpr GiveUp::End kBeforeItsFirstStep{};
constexpr GiveUp::End kLater{.reached_step = true};

TEST(CauseOf, LeavesOutWhatDiffersFromRunToRun) {
  const std::string message =
      "exit code 7; no result of ranks 0-1 of 2 (last lines: at 0x7f00ab; log: /r/a1/0/stderr)";
  std::string other = message;
  for (char& c : other) {
    if (c == '7') c = '8';
  }
  EXPECT_EQ(cause_of(failure("a", message)), cause_of(failure("b", other)));
  EXPECT_NE(cause_of(failure("a", "no such file")), cause_of(failure("a", "no such library")));
  EXPECT_NE(cause_of(failure("a", "x")), cause_of(failure("a", "x", Disposition::kOutOfMemory)));
}

TEST(GiveUp, ACellThatFailsTwiceAlike) {
  GiveUp give_up(false);
  give_up.note(failure("a", "exit code 1"), kLater);
  give_up.note(failure("a", "signal"), kLater);
  EXPECT_EQ(give_up.reason_against("a"), "");
  give_up.note(failure("a", "exit code 2"), kLater);
  EXPECT_EQ(give_up.reason_against("a"), "since it has failed twice alike");
  EXPECT_EQ(give_up.reason_against("b"), "");
  EXPECT_EQ(give_up.reason_to_end(), "");
}

TEST(GiveUp, ACellThatCannotRunHereAtOnce) {
  GiveUp give_up(false);
  give_up.note(failure("a", "no GPU", Disposition::kUnsupported), kBeforeItsFirstStep);
  EXPECT_EQ(give_up.reason_against("a"), "since it cannot run here");
}

TEST(GiveUp, ARunWhoseFirstCellsCannotStart) {
  GiveUp give_up(false);
  for (const char* id : {"a", "b"}) give_up.note(failure(id, "no library"), kBeforeItsFirstStep);
  give_up.note(failure("b", "no library"), kBeforeItsFirstStep);
  EXPECT_EQ(give_up.reason_to_end(), "") << "two cells";
  give_up.note(failure("c", "no library"), kBeforeItsFirstStep);
  EXPECT_THAT(give_up.reason_to_end(),
              HasSubstr("first 3 cells have all failed before their first step, the last one as "
                        "crashed: no library"));
}

TEST(GiveUp, NoRunOfWhichACellCanStart) {
  const auto reason_after = [](const CellRecord& first, const GiveUp::End& end) {
    GiveUp give_up(false);
    give_up.note(first, end);
    for (const char* id : {"a", "b", "c"}) {
      give_up.note(failure(id, "no library"), kBeforeItsFirstStep);
    }
    return give_up.reason_to_end();
  };
  EXPECT_EQ(reason_after(failure("x", "", Disposition::kOk), kLater), "");
  EXPECT_EQ(reason_after(failure("x", "no library"), kLater), "") << "it came to a step";
  EXPECT_EQ(reason_after(failure("x", "another reason"), kBeforeItsFirstStep), "");
  EXPECT_NE(reason_after(failure("x", "", Disposition::kOutOfMemory), kBeforeItsFirstStep), "");
  EXPECT_NE(reason_after(failure("x", "known"), {.is_known_failure = true}), "");
}

TEST(GiveUp, ARunAfterAnyFailureWhereThatIsAskedFor) {
  GiveUp give_up(true);
  give_up.note(failure("a", "", Disposition::kOk), kLater);
  give_up.note(failure("b", "x"), {.reached_step = true, .is_known_failure = true});
  EXPECT_EQ(give_up.reason_to_end(), "");
  give_up.note(failure("c", "x"), kLater);
  EXPECT_EQ(give_up.reason_to_end(), "--fail-fast: a repetition has failed");
}

}  // namespace
}  // namespace moebench::session
