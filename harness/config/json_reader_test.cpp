#include "harness/config/json_reader.h"

#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

JsonObject load_object(const std::string& text) {
  const TestFolder folder;
  return JsonObject::load_file(folder.write("f.json", text));
}

TEST(JsonReader, ReadsValuesOfTheirType) {
  const JsonObject file =
      load_object(R"({"a": 3, "b": 1e-5, "c": "x", "d": true, "e": null, "f": 2})");
  EXPECT_THAT(file.keys(), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(file.at("a").integer(1, 3), 3);
  EXPECT_EQ(file.at("a").number(), 3);
  EXPECT_EQ(file.at("b").number(), 1e-5);
  EXPECT_EQ(file.at("c").text(), "x");
  EXPECT_TRUE(file.at("d").boolean());
  EXPECT_EQ(file.find("e"), nullptr);
  EXPECT_EQ(file.find("g"), nullptr);
  EXPECT_TRUE(file.is_null("e"));
  EXPECT_FALSE(file.is_null("g"));
  EXPECT_TRUE(file.at("f").is("2.0"));
  EXPECT_FALSE(file.at("d").is("1"));
}

TEST(JsonReader, SaysWhereAValueStands) {
  const JsonObject file = load_object("{\n\"a\": \"3\",\n\"o\": {\n  \"x\": 1.5}, \"n\": null}");
  EXPECT_THAT(error_of([&] { file.at("a").integer(1, 9); }),
              EndsWith("f.json:2: key 'a': expected an integer from 1 to 9, got the text \"3\"; "
                       "remove the quotes"));
  EXPECT_THAT(error_of([&] { file.object("o").at("x").integer(1, 9); }),
              EndsWith("f.json:4: key 'o/x': expected an integer from 1 to 9, got 1.5"));
  EXPECT_THAT(error_of([&] { file.object("a"); }),
              EndsWith("f.json:2: key 'a': expected an object, got \"3\""));
  EXPECT_THAT(error_of([&] { file.at("o").boolean(); }),
              EndsWith("f.json:3: key 'o': expected true or false, got an object"));
  EXPECT_THAT(error_of([&] { file.at("g"); }), EndsWith("f.json: key 'g' is missing; add it"));
  EXPECT_THAT(error_of([&] { file.at("n"); }), EndsWith("f.json: key 'n' is null; set it"));
  EXPECT_THAT(error_of([&] { file.object("o").at("y"); }), HasSubstr("key 'o/y' is missing"));
}

TEST(JsonReader, IntegersStayWithinTheirBounds) {
  const JsonObject file = load_object(R"({"big": 18446744073709551615, "low": -1, "true": true})");
  EXPECT_THAT(error_of([&] { file.at("big").integer(1, INT64_MAX); }), HasSubstr("got 1844"));
  EXPECT_THAT(error_of([&] { file.at("low").integer(0, 9); }), HasSubstr("got -1"));
  EXPECT_THAT(error_of([&] { file.at("true").integer(0, 9); }), HasSubstr("got true"));
}

}  // namespace
}  // namespace moebench::config
