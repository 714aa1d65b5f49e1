#include "tools/moebench/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<CommandWords> commands() {
  const OptionWords help = {{"-h", "--help"}, "", ValueKind::kNone, {}, false, false, false, "",
                            "Print help"};
  const OptionWords order = {{"--order"},
                             "ORDER:{rounds,listed}",
                             ValueKind::kWord,
                             {"rounds", "listed"},
                             false,
                             false,
                             false,
                             "rounds",
                             "In which order"};
  const OptionWords file = {{"FILE"}, "TEXT", ValueKind::kScenario, {}, false, true,
                            true,     "",     "Scenario files"};
  return {{"", "Compares things", "", {help}, {}},
          {"verify-it", "Verify", ".an example\n  moebench verify-it a\\b", {help, order}, {file}}};
}

TEST(ManPage, APageSaysWhatACommandTakes) {
  EXPECT_THAT(
      man_page(commands(), "verify-it"),
      AllOf(StartsWith(".TH MOEBENCH\\-VERIFY\\-IT 1 "),
            HasSubstr(".SH NAME\nmoebench\\-verify\\-it \\- Verify\n"),
            HasSubstr("\\fBmoebench verify\\-it\\fR [\\fIOPTIONS\\fR] \\fIFILE\\fR...\n"),
            HasSubstr(".TP\n\\fB\\-\\-order\\fR \\fIORDER\\fR\nIn which order; one of: rounds, "
                      "listed (default rounds).\n"),
            HasSubstr(".nf\n\\&.an example\n  moebench verify\\-it a\\eb\n.fi\n")));
}

TEST(ManPage, ThePageOfTheProgramListsCommandsAndVariables) {
  EXPECT_THAT(man_page(commands(), ""),
              AllOf(HasSubstr(".SH COMMANDS\n"), HasSubstr(".TP\n\\fBverify\\-it\\fR\nVerify.\n"),
                    HasSubstr("\\fBMOEBENCH_TORCH_ROOT\\fR")));
}

TEST(ManPage, AnotherCommandIsRefused) {
  EXPECT_THAT(error_of([] { man_page(commands(), "verify-ti"); }),
              HasSubstr("no command 'verify-ti'; did you mean 'verify-it'?"));
}

TEST(ManPage, EachCommandHasAFile) {
  const TemporaryFolder folder;
  write_man_pages(commands(), folder.path());
  EXPECT_THAT(read_file(folder.path() / "moebench.1"), StartsWith(".TH MOEBENCH 1 "));
  EXPECT_THAT(read_file(folder.path() / "moebench-verify-it.1"), StartsWith(".TH "));
}

}  // namespace
}  // namespace moebench::cli
