#include "harness/base/hub_cache.h"

#include <gmock/gmock.h>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The cache's folder of a model, with two snapshots.
class HubCache : public ::testing::Test {
 protected:
  HubCache() : model_(folder_.path() / "models--some-org--Some-MoE") {
    fs::create_directories(model_ / "snapshots" / "abc");
    fs::create_directories(model_ / "snapshots" / "def");
    fs::create_directories(model_ / "blobs");
  }
  fs::path write(const fs::path& name, std::string_view text) {
    return folder_.write(model_.filename() / name, text);
  }
  fs::path link(const std::string& blob) {
    const fs::path path = model_ / "snapshots" / "abc" / "config.json";
    fs::create_symlink(fs::path("../../blobs") / blob, path);
    return path;
  }
  std::string error() {
    return error_of([&] { snapshot_in(model_); });
  }

  TestFolder folder_;
  fs::path model_;
};

TEST_F(HubCache, GivesTheSnapshotOfMain) {
  write("refs/main", "def");
  EXPECT_EQ(snapshot_in(model_), model_ / "snapshots" / "def");
  write("refs/main", "abc\n");
  EXPECT_EQ(snapshot_in(model_), model_ / "snapshots" / "abc");
}

TEST_F(HubCache, LeavesOtherPathsAsTheyAre) {
  write("refs/main", "def");
  for (const fs::path& path : {model_ / "snapshots" / "abc", model_ / "snapshots", folder_.path(),
                               model_ / "missing", fs::path("")}) {
    EXPECT_EQ(snapshot_in(path), path);
  }
  write("config.json", "{}");
  EXPECT_EQ(snapshot_in(model_), model_) << "a checkpoint's own folder of that name";
}

TEST_F(HubCache, NamesTheSnapshotsWhereMainIsNone) {
  const std::string named = "name a snapshot itself: '" + (model_ / "snapshots/abc").string() +
                            "' or '" + (model_ / "snapshots/def").string() + "'";
  EXPECT_THAT(error(), AllOf(HasSubstr(model_.string()), HasSubstr(named)));
  for (const char* commit : {"123", "", "../abc"}) {
    write("refs/main", commit);
    EXPECT_THAT(error(), HasSubstr(named)) << commit;
  }
  write("refs/main", "123");
  EXPECT_THAT(error(), HasSubstr("branch main, commit 123;"));
  fs::remove_all(model_ / "snapshots" / "abc");
  fs::remove_all(model_ / "snapshots" / "def");
  EXPECT_THAT(error(), HasSubstr("run 'hf download some-org/Some-MoE'"));
}

TEST_F(HubCache, RefusesALinkToNoBlob) {
  const fs::path path = link("0123");
  const auto refuse = [&] { refuse_dangling_link(path); };
  const auto names_both = AllOf(HasSubstr("'" + path.string() + "' is a link to"),
                                HasSubstr("'" + (model_ / "blobs/0123").string() + "'"));
  EXPECT_THAT(error_of(refuse),
              AllOf(names_both, HasSubstr("is not there; run 'hf download some-org/Some-MoE'")));
  write("blobs/0123.incomplete", "{");
  EXPECT_THAT(error_of(refuse), AllOf(names_both, HasSubstr("whose download has not ended; run")));
  write("blobs/0123", "{}");
  EXPECT_NO_THROW(refuse());
  EXPECT_NO_THROW(refuse_dangling_link(model_ / "missing"));
}

TEST_F(HubCache, RefusesALinkElsewhere) {
  const fs::path path = folder_.path() / "link";
  fs::create_symlink("link", path);
  EXPECT_THAT(error_of([&] { refuse_dangling_link(path); }), HasSubstr("correct the link"));
}

}  // namespace
}  // namespace moebench
