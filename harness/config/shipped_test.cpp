#include "harness/config/shipped.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::config {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(Shipped, AScenarioIsFoundByItsNameFromAnywhere) {
  EXPECT_THAT(shipped_scenarios(), Contains("quickstart"));
  EXPECT_THAT(find_scenario("quickstart").string(), EndsWith("scenarios/quickstart.yaml"));
  EXPECT_TRUE(fs::is_regular_file(find_scenario("quickstart")));
  EXPECT_EQ(find_scenario("quickstart.yaml"), find_scenario("quickstart"));
}

TEST(Shipped, AFileOfThatPathComesFirst) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file_atomically("quickstart.yaml", "");
  fs::create_directory("imbalance");
  const std::string found = find_scenario("quickstart.yaml");
  EXPECT_THAT(find_scenario("imbalance").string(), EndsWith("scenarios/imbalance.yaml"))
      << "a folder is no scenario file";
  fs::current_path(before);
  EXPECT_EQ(found, "quickstart.yaml");
}

TEST(Shipped, OtherPathsStayAndOtherNamesAreRefusedWithASuggestion) {
  EXPECT_EQ(find_scenario("folder/quickstart"), "folder/quickstart");
  EXPECT_EQ(find_scenario("."), ".");
  EXPECT_EQ(find_scenario("mine.yaml"), "mine.yaml") << "whoever reads it says that it is missing";
  EXPECT_THAT(error_of([] { find_scenario("quikstart"); }),
              AllOf(HasSubstr("cannot read 'quikstart': no such file here"),
                    HasSubstr("did you mean 'quickstart'?")));
}

TEST(Shipped, AModelBesideTheFileComesBeforeAShippedOne) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_model("mistralai/mixtral-tiny", model_folders(folder.path())),
            find_model("mixtral-tiny", shipped_model_folders()));
  fs::create_directory(folder.path() / "models");
  write_file_atomically(folder.path() / "models/mixtral-tiny.json", "{}");
  write_file_atomically(folder.path() / "models/mine-v0.1.json", "{}");
  EXPECT_EQ(find_model("mixtral-tiny", model_folders(folder.path())),
            folder.path() / "models/mixtral-tiny.json");
  EXPECT_THAT(models_in({folder.path() / "models", folder.path() / "none"}),
              ElementsAre("mine-v0.1", "mixtral-tiny"));
}

}  // namespace
}  // namespace moebench::config
