#include "tools/moebench/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <sstream>
#include <string>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "tools/moebench/options.h"

namespace moebench::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Explained {
  int exit_code = 0;
  std::string text;
};

template <typename Exception>
Explained explain(const Exception& exception) {
  std::ostringstream out;
  const int exit_code = explain_failure(std::make_exception_ptr(exception), out);
  return {exit_code, out.str()};
}

TEST(Failure, OfTheSystemHasACodeOfItsOwnAndSaysThatResultsAreKept) {
  const auto full = std::make_error_code(std::errc::no_space_on_device);
  for (const Explained& failure :
       {explain(std::filesystem::filesystem_error("cannot copy", "/results", full)),
        explain(std::bad_alloc()), explain(std::logic_error("a bug")),
        explain(SystemError("cannot write '/results': disk full"))}) {
    EXPECT_EQ(failure.exit_code, kExitSystem) << failure.text;
    EXPECT_THAT(failure.text, AllOf(HasSubstr("moebench: failed: "), HasSubstr("is kept")));
  }
}

TEST(Failure, ShowsNothingThatATerminalWouldObey) {
  EXPECT_THAT(explain(Error("no 'a\x1b[2J'\nnext line")).text,
              HasSubstr("no 'a\\x1b[2J'\nnext line\n"));
}

TEST(Failure, OfTheUserKeepsItsCode) {
  const Explained usage = explain(Error("no scenario 'x'"));
  EXPECT_EQ(usage.exit_code, kExitUsage);
  EXPECT_THAT(usage.text, AllOf(HasSubstr("moebench: error: no scenario"), Not(HasSubstr("kept"))));
  const auto too_long = std::make_error_code(std::errc::filename_too_long);
  const Explained path =
      explain(std::filesystem::filesystem_error("status", std::string(400, 'a'), too_long));
  EXPECT_EQ(path.exit_code, kExitUsage);
  EXPECT_THAT(path.text, AllOf(HasSubstr("cannot use 'aaa"), HasSubstr("... (400 characters)': "),
                               HasSubstr("too long")));
  EXPECT_EQ(explain(NotComparable("x")).exit_code, kExitNotComparable);
  EXPECT_EQ(explain(NoBaseline("x")).exit_code, kExitNoBaseline);
}

}  // namespace
}  // namespace moebench::cli
