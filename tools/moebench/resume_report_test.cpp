#include "tools/moebench/resume_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/format.h"

namespace moebench::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

config::CellConfig toy_cell() {
  config::CellConfig cell;
  cell.scenario = "toy";
  cell.ranks = 2;
  cell.dtype = config::Dtype::kFp32;
  cell.warmup_steps = 1;
  cell.steps = 4;
  return cell;
}

config::CellConfig rearranged_cell() {
  config::CellConfig cell = toy_cell(), other = cell;
  other.parallelism = config::Parallelism::kEp;
  other.ep_degree = 2;
  cell.resumed_as = std::make_shared<const config::CellConfig>(other);
  return cell;
}

TEST(ResumeReport, HasARowACellAndReasons) {
  const auto row_of = [](const config::CellConfig& cell, const session::ResumeCheck& check) {
    return session::ResumeRow{cell, session::make_resume_recipe(cell, {}), check, 25e6, 5e6, 36e6};
  };
  session::ResumeCheck same;
  same.num_steps = 5;
  same.loss = same.grad_norm = same.parameters = 0;
  session::ResumeCheck wrong = same;
  same.is_bit_identical = true;
  wrong.loss = 1;
  wrong.failure = "the loss is off";
  const std::string text =
      print(resume_document({row_of(toy_cell(), same), row_of(rearranged_cell(), wrong)}),
            reports::Format::kMarkdown);
  EXPECT_THAT(text,
              AllOf(HasSubstr("| the same "), HasSubstr("| parallelism=ep ep_degree=2 "),
                    HasSubstr("2 + 3"), HasSubstr("| yes"), HasSubstr("0.0250"),
                    HasSubstr("checkpoint (MB)"), HasSubstr("36.0"), HasSubstr("| 1.0e+00 |")));
  EXPECT_THAT(text, HasSubstr("- FAILED: toy, resumed as parallelism=ep ep_degree=2: the loss is "
                              "off\n"));
}

}  // namespace
}  // namespace moebench::cli
