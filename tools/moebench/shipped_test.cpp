#include "tools/moebench/shipped.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(Shipped, AnotherModelIsRefusedWithASuggestion) {
  EXPECT_THAT(error_of([] { find_model_config("mixtral-tyni"); }),
              HasSubstr("did you mean 'mixtral-tiny'?"));
}

TEST(Shipped, AModelIsAFileAFolderOrAName) {
  EXPECT_THAT(find_model_config("mixtral-tiny").string(), EndsWith("models/mixtral-tiny.json"));
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "config.json", "{}");
  EXPECT_EQ(find_model_config(folder.path()), folder.path() / "config.json");
  EXPECT_EQ(find_model_config(folder.path() / "config.json"), folder.path() / "config.json");
}

TEST(Shipped, PublishedFiguresAreThere) { EXPECT_TRUE(fs::is_regular_file(shipped_figures())); }

}  // namespace
}  // namespace moebench::cli
