#include "harness/session/preflight.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <sstream>

#include "harness/testing/error_of.h"
#include "harness/testing/models.h"
#include "harness/testing/test_folder.h"
#include "harness/weights/safetensors.h"

namespace moebench::session {
namespace {

using config::CellConfig;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PreflightTest : public ::testing::Test {
 protected:
  PreflightTest() {
    preflight_.folder = folder_.path() / "results";
    preflight_.capacity = {{std::int64_t{1} << 30, false}, 64, {}};
    cell_.scenario = "s";
    cell_.model = tiny_model();
    cell_.seq_len = 32;
  }

  std::string error(const std::vector<CellConfig>& cells) {
    Problems problems;
    std::ostringstream notes;
    check_before_start(cells, preflight_, notes, problems);
    notes_ = notes.str();
    return error_of([&] { problems.throw_if_any(); });
  }
  CellConfig too_large() const {
    CellConfig cell = cell_;
    cell.model.num_layers = 100'000;
    return cell;
  }
  CellConfig with_trace(const std::string& file) const {
    CellConfig cell = cell_;
    cell.routing = {.kind = config::RoutingKind::kTrace, .trace_file = file};
    return cell;
  }

  TestFolder folder_;
  Preflight preflight_;
  CellConfig cell_;
  std::string notes_;
};

TEST_F(PreflightTest, PassesWhatCanRun) {
  EXPECT_EQ(error({cell_, cell_}), "no error");
  EXPECT_EQ(notes_, "");
  EXPECT_FALSE(std::filesystem::exists(preflight_.folder));
}

TEST_F(PreflightTest, SaysAllThatIsWrongOnce) {
  CellConfig text = cell_, checkpoint = cell_, resumed = cell_;
  text.data.source = config::DataSource::kText;
  text.data.files = {"/nonexistent/text"};
  CellConfig same_text = text;
  same_text.micro_batch = 2;
  checkpoint.load_from = "/nonexistent/weights";
  resumed.resume_from = "/nonexistent/state";
  const std::string message =
      error({text, same_text, checkpoint, resumed, with_trace("/nonexistent/trace"), too_large()});
  EXPECT_THAT(message,
              AllOf(StartsWith("5 problems, nothing was started:\n- "),
                    HasSubstr("/nonexistent/text"), HasSubstr("'/nonexistent/weights' does not"),
                    HasSubstr("no checkpoint in '/nonexistent/state'"),
                    HasSubstr("/nonexistent/trace"), HasSubstr("\n- 1 cell is too large for")));
}

TEST_F(PreflightTest, LetsKnownFailuresFail) {
  CellConfig cell = too_large();
  cell.load_from = "/nonexistent/weights";
  cell.known_failure = config::KnownFailureRule{"it is being downloaded", ""};
  EXPECT_EQ(error({cell}), "no error");
}

TEST_F(PreflightTest, LeavesFilesOfOtherHostsToThem) {
  CellConfig text = cell_;
  text.data.source = config::DataSource::kText;
  text.data.files = {"/nonexistent/text"};
  preflight_.place.hosts = {.count = 2, .is_this_host = false, .source = "test"};
  EXPECT_EQ(error({text, with_trace("/nonexistent/trace"), too_large()}), "no error");
  EXPECT_THAT(notes_, StartsWith("warning: 1 cell is too large for the memory here:\n  "));
}

TEST_F(PreflightTest, StartsWhatDoesNotFitWhereThatIsForced) {
  EXPECT_THAT(error({too_large()}), AllOf(HasSubstr("does not fit: "), HasSubstr("--force")));
  preflight_.force = true;
  EXPECT_EQ(error({too_large()}), "no error");
  EXPECT_THAT(notes_, HasSubstr("does not fit: "));
}

TEST_F(PreflightTest, ChecksTheShapeOfTraces) {
  const auto file = (folder_.path() / "trace.safetensors").string();
  weights::SafetensorsWriter writer(file, {{"expert_ids", {4, 1, 2}}}, config::Dtype::kBf16);
  writer.append(std::vector<float>(8));
  writer.commit();
  EXPECT_THAT(error({with_trace(file)}), HasSubstr("model 'tiny' needs [tokens, 2, 2]"));
  CellConfig load = with_trace("/nonexistent/trace");
  load.measure = config::Measure::kLoad;
  EXPECT_EQ(error({load}), "no error") << "which routes nothing";
}

TEST_F(PreflightTest, NamesAResultsFolderThatCannotBe) {
  folder_.write("file", "");
  preflight_.folder = folder_.path() / "file" / "results";
  EXPECT_THAT(error({cell_}), AllOf(HasSubstr("cannot write results to '"),
                                    HasSubstr("file/results': Not a directory")));
}

TEST_F(PreflightTest, NamesALauncherThatIsMissing) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.path().c_str(), 1);
  CellConfig two = cell_;
  two.ranks = 2;
  const std::string message = error({cell_, two}), alone = error({cell_});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(message, StartsWith("mpirun is not in PATH"));
  EXPECT_EQ(alone, "no error") << "one rank needs none";
}

TEST_F(PreflightTest, WarnsOncePerRun) {
  CellConfig unsplit = cell_;
  unsplit.parallelism = config::Parallelism::kEp;
  EXPECT_EQ(error({unsplit, unsplit}), "no error");
  EXPECT_EQ(notes_,
            "warning: ep_degree is 1, so that no experts are split over ranks, in 1 cell: s\n");
}

}  // namespace
}  // namespace moebench::session
