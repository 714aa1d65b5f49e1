#include "reports/write/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/testing/golden_testing.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

// A YAML node as JSON: what is quoted is a string, what is not a number.
Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json json = Json::object();
    for (const auto& item : node) json[item.first.as<std::string>()] = to_json(item.second);
    return json;
  }
  if (node.IsSequence()) {
    Json json = Json::array();
    for (const auto& item : node) json.push_back(to_json(item));
    return json;
  }
  if (node.Tag() == "!") return node.as<std::string>();
  return Json::parse(node.as<std::string>());
}

std::vector<Json> cards_of(const std::vector<record::CellRecord>& records) {
  std::vector<Json> cards;
  for (const YAML::Node& node : YAML::LoadAll(print_cards(records))) {
    cards.push_back(to_json(node));
  }
  return cards;
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

// Checks what our schema uses of JSON Schema, and that it uses nothing else.
void validate(const Json& value, const Json& schema, const std::string& place) {
  for (const auto& [word, rule] : schema.items()) {
    if (word == "type") {
      EXPECT_TRUE(has_type(value, rule)) << place << " is no " << rule;
    } else if (word == "required") {
      for (const auto& name : rule) EXPECT_TRUE(value.contains(name)) << place << " lacks " << name;
    } else if (word == "enum") {
      EXPECT_TRUE(std::ranges::count(rule, value) == 1) << place << ": " << value;
    } else if (word == "const") {
      EXPECT_EQ(value, rule) << place;
    } else if (word == "minimum") {
      EXPECT_GE(value.get<double>(), rule.get<double>()) << place;
    } else if (word == "items") {
      for (const auto& item : value) validate(item, rule, place + "[]");
    } else if (word == "properties") {
      for (const auto& [name, of_name] : rule.items()) {
        if (value.contains(name)) validate(value.at(name), of_name, place + "." + name);
      }
    } else if (word == "additionalProperties") {
      for (const auto& [name, member] : value.items()) {
        if (schema.contains("properties") && schema.at("properties").contains(name)) continue;
        EXPECT_FALSE(rule.is_boolean()) << place << " has " << name;
        if (rule.is_object()) validate(member, rule, place + "." + name);
      }
    } else {
      const bool says_nothing = word == "$schema" || word == "title" || word == "description";
      EXPECT_TRUE(says_nothing) << "the schema uses " << word;
    }
  }
}

Json schema() { return Json::parse(read_file(MOEBENCH_CARD_SCHEMA)); }

TEST(Card, IsTheGoldenText) {
  expect_golden("quickstart_cards.yaml", print_cards(test::quickstart()));
}

TEST(Card, IsByTheSchema) {
  auto imported = test::fms_records();
  imported[0].environment["imported"] = "fms";
  for (const auto& records : {test::quickstart(), test::awkward_records(), imported}) {
    const auto cards = cards_of(records);
    ASSERT_FALSE(cards.empty());
    for (const Json& card : cards) validate(card, schema(), "card");
  }
  EXPECT_TRUE(cards_of(imported)[0].contains("source"));
}

TEST(Card, ShowsTheSpreadOfTheRepetitions) {
  const auto cards = cards_of(test::quickstart());
  ASSERT_EQ(cards.size(), 3u);
  const Json& runtime = cards[0].at("metrics").at("runtime");
  EXPECT_EQ(runtime.at("value").get<double>(), 12.3e9);
  EXPECT_EQ(runtime.at("min").get<double>(), 12.0e9);
  EXPECT_EQ(runtime.at("max").get<double>(), 12.9e9);
  EXPECT_EQ(runtime.at("n"), 3);
  EXPECT_EQ(cards[0].at("program").at("git_commit"), "0123abcd");
  EXPECT_EQ(cards[2].at("disposition"), "out_of_memory");
  EXPECT_TRUE(cards[2].at("metrics").empty());
}

TEST(Card, SaysWhetherArmsAgree) {
  auto records = test::fms_records();
  EXPECT_EQ(cards_of(records)[0].at("agreement"), "not compared");
  records[0].workload = records[1].workload = "w";
  for (auto& record : records)
    record.metrics["loss"] = {.unit = "1", .value = 2, .samples = {2, 2}};
  EXPECT_EQ(cards_of(records)[0].at("agreement"), "agrees");
  records[1].metrics["loss"].samples = {3, 3};
  EXPECT_EQ(cards_of(records)[1].at("agreement"), "incorrect");
}

TEST(Card, AnyTextReadsBack) {
  for (const std::string text :
       {"yes", "1e5", "a: b # c", "- x", "'\"\\\n\t", "\xe2\x80\xa8 \xc2\x85 é 中 😀",
        "&a *b !c %d @e `f", "--- \n...", "{[}]", ""}) {
    auto record = test::arm("id", "fsdp", "1", "loop");
    record.axes.emplace_back("note", text);
    record.scenario = text.empty() ? "s" : text;
    record.environment["command_line"] = text;
    const Json card = cards_of({record}).at(0);
    EXPECT_EQ(card.at("axes").at("note"), text);
    EXPECT_EQ(card.at("scenario"), text.empty() ? "s" : text);
    EXPECT_EQ(card.at("command"), text);
  }
}

}  // namespace
}  // namespace moebench::reports
