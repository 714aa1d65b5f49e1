#include "harness/config/shipped.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

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

// The shipped file's name, or "".
std::string found_as(const std::string& name) {
  const auto file = find_model(name, shipped_model_folders());
  return file ? file->stem().string() : "";
}

TEST(Shipped, AModelIsFoundByItsHuggingFaceId) {
  const std::map<std::string, std::string> files = {
      {"mistralai/Mixtral-8x7B-v0.1", "Mixtral-8x7B"},
      {"mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-Instruct-v0.1"},
      {"mixtral-8x7b-instruct-V0.1", "Mixtral-8x7B-Instruct-v0.1"},
      {"mixtral-8x7b", "Mixtral-8x7B"},
      {"mistralai/Mixtral-8x22B-v0.1", "Mixtral-8x22B"},
      {"mistralai/Mixtral-8x22B-Instruct-v0.1", "Mixtral-8x22B-Instruct-v0.1"},
      {"ibm-granite/granite-3.0-3b-a800m-instruct", "granite-3.0-3b-a800m"},
      {"ibm-granite/granite-3.0-3b-a800m-base", "granite-3.0-3b-a800m"},
      {"Qwen/Qwen3-30B-A3B", "Qwen3-30B-A3B"},
      {"Qwen3-30B-A3B-Base", "Qwen3-30B-A3B"},
      {"Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen3-30B-A3B"},
      {"qwen/qwen3-235b-a22b-thinking-2507", "Qwen3-235B-A22B"},
      {"Qwen/Qwen1.5-MoE-A2.7B-Chat", "Qwen1.5-MoE-A2.7B"},
      {"allenai/OLMoE-1B-7B-0924", "OLMoE-1B-7B"},
      {"allenai/OLMoE-1B-7B-0125-Instruct", "OLMoE-1B-7B"},
      {"allenai/OLMoE-1B-7B-0924-hf", "OLMoE-1B-7B"},
      {"openai/gpt-oss-20b", "gpt-oss-20b"},
      {"unsloth/gpt-oss-120b-BF16", "gpt-oss-120b"},
      {"deepseek-ai/DeepSeek-V2-Lite-Chat", "DeepSeek-V2-Lite"},
      {"deepseek-ai/DeepSeek-V3", "DeepSeek-V3"},
      {"deepseek-ai/DeepSeek-V3-Base", "DeepSeek-V3"},
      {"deepseek-ai/DeepSeek-V3-0324", "DeepSeek-V3"},
      {"zai-org/GLM-4.5-Air-Base", "GLM-4.5-Air"},
      // other models, however near their names are
      {"Qwen/Qwen3-32B", ""},
      {"Qwen/Qwen3-235B", ""},
      {"Qwen/Qwen3-Coder-30B-A3B-Instruct", ""},
      {"Qwen/Qwen3-30B-A3B-FP8", ""},
      {"mistralai/Mixtral-8x22B-v0.3", ""},
      {"mistralai/Mixtral", ""},
      {"deepseek-ai/DeepSeek-V2", ""},
      {"deepseek-ai/DeepSeek-V2-Chat-0628", ""},
      {"deepseek-ai/DeepSeek-V3.1-Base", ""},
      {"deepseek-ai/DeepSeek-R1", ""},
      {"zai-org/GLM-4.5", ""},
      {"openai/gpt-oss", ""},
      {"ibm-granite/granite-3.1-3b-a800m-instruct", ""},
      {"Instruct", ""},
      {"base-2507", ""},
      {"", ""},
      {"Qwen/", ""}};
  for (const auto& [name, file] : files) EXPECT_EQ(found_as(name), file) << name;
}

TEST(Shipped, AnExactNameComesBeforeAShorterOne) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "models");
  const auto add = [&](const char* name) {
    write_file_atomically(folder.path() / "models" / (std::string(name) + ".json"), "{}");
  };
  const auto own = [&](const std::string& name) {
    const auto file = find_model(name, model_folders(folder.path()));
    return file ? file->filename().string() : "";
  };
  add("Mixtral-8x7B");
  EXPECT_EQ(find_model("Mixtral-8x7B-v0.1", model_folders(folder.path())),
            folder.path() / "models/Mixtral-8x7B.json");
  EXPECT_EQ(own("mistralai/Mixtral-8x7B-Instruct-v0.1"), "Mixtral-8x7B-Instruct-v0.1.json");
  // Of two that differ in case alone neither is found in a third way of writing it.
  add("Mine");
  add("mine");
  EXPECT_EQ(own("mine"), "mine.json");
  EXPECT_EQ(own("Mine"), "Mine.json");
  EXPECT_EQ(own("MINE"), "");
}

TEST(Shipped, AModelThatIsNotThereHasASuggestion) {
  const auto folders = shipped_model_folders();
  EXPECT_EQ(model_suggestion("deepseek-ai/DeepSeek-V2", folders),
            "did you mean 'DeepSeek-V2-Lite' or 'deepseek-v2-tiny'?");
  EXPECT_EQ(model_suggestion("openai/gpt-oss", folders),
            "did you mean 'gpt-oss-120b', 'gpt-oss-20b' or 'gpt-oss-tiny'?");
  EXPECT_EQ(model_suggestion("mixtral-tyni", folders), "did you mean 'mixtral-tiny'?");
}

}  // namespace
}  // namespace moebench::config
