#include "tools/moebench/wrong_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "tools/moebench/parse_testing.h"

namespace moebench::cli {
namespace {

using ::testing::HasSubstr;

using Words = std::vector<const char*>;

struct WrongLine {
  Words words;
  std::string message;
};

TEST(WrongWords, AreNamedWithTheNearestAndTheHelpPage) {
  for (const WrongLine& line : {
           WrongLine{{"rnu", "f"}, "no command 'rnu'; did you mean 'run'? (see moebench --help)"},
           WrongLine{{"rnu", "--help"},
                     "no command 'rnu'; did you mean 'run'? (see moebench --help)"},
           WrongLine{{"help", "rnu"},
                     "no command 'rnu'; did you mean 'run'? (see moebench --help)"},
           WrongLine{{"--verison"},
                     "no option '--verison'; did you mean '--version'? (see moebench --help)"},
           WrongLine{{"--out", "d", "run", "f"},
                     "option '--out' stands before the command; write it behind: moebench run "
                     "--out ... (see moebench --help)"},
           WrongLine{{"run", "--otu", "x"},
                     "run has no option '--otu'; did you mean '--out'? (see moebench run --help)"},
           WrongLine{{"run", "f", "--otu=x"},
                     "run has no option '--otu'; did you mean '--out'? (see moebench run --help)"},
           WrongLine{{"run", "f", "g"},
                     "run has no place for 'g'; it takes FILE (see moebench run --help)"},
           WrongLine{{"doctor", "g"},
                     "doctor has no place for 'g'; it takes options only (see moebench doctor "
                     "--help)"},
           WrongLine{{"run"}, "FILE is required (see moebench run --help)"},
           WrongLine{{"run", "f", "--out"},
                     "--out: 1 required DIR missing (see moebench run --help)"},
           WrongLine{{"run", "f", "--order", "roudns"},
                     "--order: 'roudns' is not known; did you mean 'rounds'? (see moebench run "
                     "--help)"},
           WrongLine{{"run", "f", "--ranks", "0"},
                     "--ranks: '0' is no whole number from 1 to 65536 (see moebench run --help)"},
           WrongLine{{"baseline", "sav"},
                     "ACTION: 'sav' is not known; did you mean 'save'? (see moebench baseline "
                     "--help)"},
       }) {
    EXPECT_EQ(parse_error(line.words), line.message);
  }
}

TEST(WrongWords, OfNoNearOneAllAreListed) {
  EXPECT_THAT(parse_error({"fly"}), HasSubstr("no command 'fly'; use one of: list, run, submit, "));
  const std::string message = parse_error({"list", "f", "--qqqqqqqqqqqq"});
  EXPECT_THAT(message, HasSubstr("list has no option '--qqqqqqqqqqqq'; use one of: --help, "));
  EXPECT_LT(parse_error({std::string(5000, 'x').c_str()}).size(), 400U);
}

TEST(WrongWords, AShortOptionMayStandBeforeItsCommandToo) {
  CLI::App app("", "moebench");
  app.require_subcommand(1);
  app.add_subcommand("look")->add_flag("-w,--wide");
  EXPECT_EQ(error_of([&] {
              try {
                app.parse("-w look", false);
              } catch (const CLI::ParseError& error) {
                refuse_words(app, error.what());
              }
            }),
            "option '-w' stands before the command; write it behind: moebench look -w ... (see "
            "moebench --help)");
}

TEST(WrongWords, NamesKeptForThoseWhoKnowThemAreNotOffered) {
  CLI::App app("", "moebench");
  CLI::App* command = app.add_subcommand("look");
  command->add_flag("--table")->group("");
  EXPECT_EQ(error_of([&] {
              try {
                app.parse("look --tabel", false);
              } catch (const CLI::ParseError& error) {
                refuse_words(app, error.what());
              }
            }),
            "look has no option '--tabel'; use one of: --help (see moebench look --help)");
}

TEST(HelpPages, HelpIsACommandToo) {
  EXPECT_EQ(std::get<Information>(parse({"help"})).text,
            std::get<Information>(parse({"--help"})).text);
  EXPECT_EQ(std::get<Information>(parse({"help", "run"})).text,
            std::get<Information>(parse({"run", "--help"})).text);
}

TEST(HelpPages, WithoutWordsTheFirstStepsAreTold) {
  const auto information = std::get<Information>(parse({}));
  EXPECT_EQ(information.exit_code, kExitUsage);
  EXPECT_THAT(information.text, HasSubstr("First steps:\n  moebench scenarios "));
  EXPECT_EQ(std::get<Information>(parse({"--version"})).exit_code, kExitOk);
}

}  // namespace
}  // namespace moebench::cli
