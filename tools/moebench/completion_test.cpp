#include "tools/moebench/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>

namespace moebench::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// tools/completion_test has shells use the real scripts.
class Completion : public ::testing::Test {
 protected:
  Completion() {
    CLI::App* run = app_.add_subcommand("run", "Run [all] of it: now");
    run->add_option("FILE", text_, "Scenario file")->required();
    run->add_option("--filter", texts_, "Cells")->type_name("AXIS=VALUE")->allow_extra_args(false);
    run->add_option("-o,--out", text_, "The cell's folder")->type_name("DIR");
    run->add_option("--order", text_, "Order")
        ->type_name("ORDER")
        ->check(CLI::IsMember(std::vector<std::string>{"rounds", "listed"}));
    run->add_option("--loader", texts_, "Loaders")
        ->type_name("LIST")
        ->delimiter(',')
        ->check(CLI::IsMember(std::vector<std::string>{"concat", "direct"}));
    run->add_flag("--fresh", flag_, "Start over");
    CLI::App* report = app_.add_subcommand("report", "Print");
    report->add_option("DIR", texts_, "Folders")->required();
    report->add_option("--out", text_, "File")->type_name("FILE");
    report->add_option("--secret", text_, "Hidden")->group("");
    app_.add_subcommand("hidden", "Not for users")->group("");
  }

  CLI::App app_{"Does things.", "moebench"};
  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
};

TEST_F(Completion, TheTableOfOptionsIsReadWithWhatEachTakes) {
  const auto commands = command_words(app_);
  ASSERT_EQ(commands.size(), 3u) << "hidden commands are left out";
  const CommandWords& run = commands[1];
  EXPECT_EQ(run.name, "run");
  ASSERT_EQ(run.positionals.size(), 1u);
  EXPECT_EQ(run.positionals[0].kind, ValueKind::kScenario);
  EXPECT_TRUE(run.positionals[0].is_required);
  std::map<std::string, OptionWords> options;
  for (const OptionWords& option : run.options) options[option.names.back()] = option;
  EXPECT_EQ(options["--filter"].kind, ValueKind::kAny);
  EXPECT_EQ(options["--out"].kind, ValueKind::kFolder);
  EXPECT_THAT(options["--out"].names, ElementsAre("-o", "--out"));
  EXPECT_THAT(options["--order"].words, ElementsAre("rounds", "listed"));
  EXPECT_FALSE(options["--order"].has_commas);
  EXPECT_TRUE(options["--loader"].has_commas);
  EXPECT_EQ(options["--fresh"].kind, ValueKind::kNone);
  EXPECT_EQ(commands[2].positionals[0].kind, ValueKind::kFolder);
  EXPECT_TRUE(commands[2].positionals[0].repeats);
  EXPECT_EQ(commands[2].options.back().kind, ValueKind::kFile) << "and hidden options are left out";
}

TEST_F(Completion, EachShellGetsItsQuotes) {
  const auto script = [&](Shell shell) {
    return completion_script(shell, command_words(app_), {{"quickstart"}, {"mixtral-tiny"}});
  };
  EXPECT_THAT(script(Shell::kBash),
              AllOf(HasSubstr("'run --order') _moebench_words 'rounds listed'; return ;;"),
                    HasSubstr("'run --loader') _moebench_list 'concat direct'; return ;;"),
                    HasSubstr("moebench_scenarios='quickstart'"), Not(HasSubstr("secret"))));
  EXPECT_THAT(script(Shell::kZsh), AllOf(HasSubstr("'--order=[Order]:ORDER:(rounds listed)'"),
                                         HasSubstr(R"(--out=[The cell'\''s folder]:DIR:_files -/)"),
                                         HasSubstr("'run:Run [all] of it: now'")));
  EXPECT_THAT(script(Shell::kFish),
              AllOf(HasSubstr("'__moebench_is run' -s o -l out -x -a "
                              "'(__fish_complete_directories)' -d 'The cell\\'s folder'"),
                    HasSubstr("-l loader -x -a '(__moebench_list concat direct)'")));
}

}  // namespace
}  // namespace moebench::cli
