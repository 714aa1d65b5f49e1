#include "harness/config/placeholders.h"

#include <algorithm>
#include <map>

#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StrEq;

YamlValue value(const std::string& text) {
  return YamlValue::parse("\"" + text + "\"\n", "words.yaml");
}

// `text` filled in by names that say what they stand for.
Words filled(const std::string& text) {
  const std::map<std::string, Words> known = {
      {"one", {"1"}}, {"two", {"a", "b"}}, {"none", {}}, {"blank", {""}}, {"braced", {"{{x}}"}}};
  const auto lookup = [&](const std::string& name) {
    const auto found = known.find(name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  };
  return fill_in(value(text), lookup, {"one", "two"});
}

TEST(Placeholders, AWordOfItsOwnBecomesAsManyWordsAsItStandsFor) {
  EXPECT_THAT(filled("{one}"), ElementsAre("1"));
  EXPECT_THAT(filled("{two}"), ElementsAre("a", "b"));
  EXPECT_THAT(filled("{none}"), IsEmpty());
  EXPECT_THAT(filled("{blank}"), IsEmpty());
}

TEST(Placeholders, WithinAWordTheyStandForOne) {
  EXPECT_THAT(filled("--x={one}{one}."), ElementsAre("--x=11."));
  EXPECT_THAT(filled("--x={none}"), ElementsAre("--x="));
  EXPECT_THAT(filled(""), ElementsAre("")) << "an empty argument that somebody wrote";
  EXPECT_THAT(error_of([&] { filled("--x={two}"); }),
              AllOf(HasSubstr("words.yaml:1"), HasSubstr("'{two}' stands for 2 words here")));
}

TEST(Placeholders, BracesWithoutPartnerAndUnknownNamesAreErrors) {
  for (const char* text : {"a{one", "a}b", "{", "}", "{{{", "{one}}"}) {
    EXPECT_THAT(error_of([&] { filled(text); }), HasSubstr("without its partner")) << text;
  }
  EXPECT_THAT(error_of([&] { filled("{}"); }), HasSubstr("unknown placeholder '{}'"));
  EXPECT_THAT(error_of([&] { filled("{ one}"); }), HasSubstr("did you mean 'one'?"));
}

TEST(Placeholders, BracesSurviveUntilTheStart) {
  const Words words = filled("{{{one}}} {braced} {out}/{{out}}");
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(fill_in_at_start(words[0], {{"out", "/r"}}), "{1} {x} /r/{out}");
  EXPECT_EQ(fill_in_before_start(words[0]), "{1} {x} {out}/{out}");
}

TEST(Placeholders, WhatAStartKnowsIsNoMatterOfTheCell) {
  for (const std::string& name : start_placeholders()) {
    EXPECT_EQ(cell_placeholder(name, {}, value("x")), std::nullopt);
    EXPECT_THAT(filled("{" + name + "}"), ElementsAre("{" + name + "}"));
  }
}

TEST(Placeholders, WhatFollowsFromACell) {
  CellConfig cell;
  cell.ranks = 4;
  cell.micro_batch = 2;
  cell.grad_accumulation = 3;
  cell.warmup_steps = 1;
  cell.steps = 5;
  const auto of = [&](const std::string& name) { return cell_placeholder(name, cell, value("x")); };
  EXPECT_EQ(of("world_size"), "4");
  EXPECT_EQ(of("global_batch"), "24");
  EXPECT_EQ(of("total_steps"), "6");
  EXPECT_EQ(of("steps"), "5");
  EXPECT_EQ(of("colour"), std::nullopt);
  for (const char* name : {"load_from", "resume_from", "data_file", "model_config"}) {
    EXPECT_THAT(error_of([&] { of(name); }), HasSubstr("is not set in this scenario")) << name;
  }
}

TEST(Placeholders, EveryOneHasAValueOrSaysThatItIsNotSet) {
  for (const std::string& name : cell_placeholders()) {
    const std::string error =
        error_of([&] { EXPECT_NE(cell_placeholder(name, {}, value("x")), std::nullopt) << name; });
    EXPECT_THAT(error, AnyOf(HasSubstr("is not set"), StrEq("no error"))) << name;
  }
  EXPECT_THAT(cell_placeholders(), Contains("parallelism"));
}

TEST(Placeholders, AreNamedOnce) {
  std::vector<std::string> names = cell_placeholders();
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace moebench::config
