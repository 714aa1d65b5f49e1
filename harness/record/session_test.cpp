#include "harness/record/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::record {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Session example_session() {
  Session session;
  session.kind = SessionKind::kCalibration;
  session.base = "build \"a\"";
  session.candidate = "build b";
  session.cells = {{"0123456789ab", "ba9876543210", "quick", {{"ranks", "2"}, {"dtype", "bf16"}}}};
  session.metrics = {"step_time"};
  plan_looks(session, {4, 8});
  session.extended = 1;
  session.mde = 0.03;
  session.seed = 0xfedcba9876543210;
  return session;
}

class SessionFile : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "session.json"; }

  std::string error_after(const std::string& from, const std::string& to) const {
    write_session(folder_.path(), example_session());
    std::string text = read_file(file());
    text.replace(text.find(from), from.size(), to);
    write_file_atomically(file(), text);
    return moebench::error_of([&] { load_session(folder_.path()); });
  }

  TemporaryFolder folder_;
};

TEST_F(SessionFile, ReadsBackEverythingItWrote) {
  EXPECT_EQ(load_session(folder_.path()), std::nullopt);
  write_session(folder_.path(), example_session());
  EXPECT_EQ(load_session(folder_.path()), example_session());
}

TEST_F(SessionFile, ErrorsNamePlaceAndRemedy) {
  EXPECT_THAT(error_after("\"kind\"", "\"kid\""),
              AllOf(HasSubstr("session.json: has no 'kind'"), HasSubstr("restore the file")));
  EXPECT_THAT(error_after("\"calibration\"", "\"ba\""), HasSubstr("unknown kind 'ba'"));
  EXPECT_THAT(error_after("[4,8]", "[8,4]"), HasSubstr("ascending"));
  EXPECT_THAT(error_after("[4,8]", "[]"), HasSubstr("at least one"));
  EXPECT_THAT(error_after("[16,32,", "[8,32,"), HasSubstr("'later_looks' must be ascending"));
  EXPECT_THAT(error_after("\"reserve\": 0.25", "\"reserve\": 1.5"), HasSubstr("part of alpha"));
  EXPECT_THAT(error_after("\"extended\": 1", "\"extended\": 5"), HasSubstr("must not exceed"));
  EXPECT_THAT(error_after("0.03", "3"), HasSubstr("'mde' must lie between 0 and 1"));
  EXPECT_THAT(error_after("fedc", "wxyz"), HasSubstr("hexadecimal"));
  EXPECT_THAT(error_after("\"scenario\"", "\"surprise\""),
              HasSubstr("cells[0]: has no 'scenario'"));
  EXPECT_THAT(error_after("\"schema_version\": 1", "\"schema_version\": 7"),
              HasSubstr("schema_version is 7"));
  EXPECT_THAT(error_after("}\n", ""), HasSubstr("is no valid JSON"));
}

TEST_F(SessionFile, OneOfBeforeLaterLooksHasNone) {
  const std::string later =
      "\"later_looks\": [16,32,64,128],\n  \"reserve\": 0.25,\n  \"extended\": 1,\n  ";
  EXPECT_EQ(error_after(later, ""), "no error");
  const Session session = load_session(folder_.path()).value();
  EXPECT_EQ(session.all_looks(), (std::vector{4, 8}));
  EXPECT_EQ(session.spending(1), 0.5);
}

TEST(Session, SaysWhatDiffers) {
  EXPECT_EQ(difference(example_session(), example_session()), "");
  Session other = example_session();
  other.seed = 1;
  other.extended = 0;
  EXPECT_EQ(difference(example_session(), other), "");
  other.looks = {6};
  other.mde = 0.05;
  other.metrics.clear();
  EXPECT_EQ(difference(example_session(), other),
            "looks are after pairs 4, 8, not 6; metrics are step_time, not none; mde is 0.03, not "
            "0.05");
  other = example_session();
  other.cells[0].candidate = "0";
  EXPECT_THAT(difference(example_session(), other),
              HasSubstr("cell 0123456789ab with candidate ba98"));
  other.cells.clear();
  EXPECT_EQ(difference(example_session(), other), "number of cells is 1, not 0");
  other = example_session();
  other.cells[0].axes[0].second = "4";
  EXPECT_NE(difference(example_session(), other), "");
}

TEST(Session, AllLooksTogetherSpendNoMoreThanAlpha) {
  for (const std::vector<int>& looks : {std::vector{6}, std::vector{6, 12, 20}}) {
    Session session;
    plan_looks(session, looks);
    session.extended = kNumLaterLooks;
    const std::vector<int> all = session.all_looks();
    EXPECT_EQ(all.size(), looks.size() + 4);
    EXPECT_EQ(all.back(), 16 * looks.back());
    double spent = 0;
    for (std::size_t look = 0; look < all.size(); ++look) spent += session.spending(look);
    EXPECT_LT(spent, 1);
    EXPECT_GT(spent, 0.98);
  }
}

TEST_F(SessionFile, IgnoresWhatANewerProgramAdds) {
  EXPECT_EQ(error_after("\"kind\"", "\"colour\": [1, {}], \"kind\""), "no error");
  EXPECT_EQ(load_session(folder_.path()), example_session());
  EXPECT_EQ(error_after("\"scenario\"", "\"weight\": 2, \"scenario\""), "no error");
  EXPECT_EQ(load_session(folder_.path()), example_session());
  EXPECT_EQ(error_after("\"schema_minor\": 5", "\"schema_minor\": 9"), "no error");
}

}  // namespace
}  // namespace moebench::record
