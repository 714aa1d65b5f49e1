// What is written must be well-formed XML 1.0, and keep the rules of Jenkins' schema junit-10.xsd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "reports/gate/outputs.h"
#include "reports/gate/test_session.h"

namespace moebench::gate {
namespace {

using test::TestSession;
using ::testing::HasSubstr;

// What the schema allows of the elements that are used.
struct ElementRule {
  std::set<std::string> required;
  std::set<std::string> optional;
  std::set<std::string> children;
};
const std::map<std::string, ElementRule>& schema() {
  static const std::map<std::string, ElementRule> kSchema = {
      {"testsuites", {{}, {"name", "time", "tests", "failures", "errors"}, {"testsuite"}}},
      {"testsuite",
       {{"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log",
         "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"}}},
      {"testcase",
       {{"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"}}},
      {"failure", {{}, {"type", "message"}, {}}},
      {"error", {{}, {"type", "message"}, {}}},
      {"skipped", {{}, {"type", "message"}, {}}}};
  return kSchema;
}

using Attributes = std::map<std::string, std::string>;

struct Element {
  std::string name;
  Attributes attributes;
  std::map<std::string, int> children;
  std::vector<Element> suites{};
};

// Reads the elements, and expects each to keep its rule.
class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  Element read() {
    const std::string declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    EXPECT_EQ(text_.substr(0, declaration.size()), declaration);
    Element root{"document", {}, {}};
    std::vector<Element*> open = {&root};
    const std::regex tag(R"re(<(/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(/?)>)re");
    std::size_t place = declaration.size();
    for (std::sregex_iterator
             it(text_.begin() + static_cast<std::ptrdiff_t>(place), text_.end(), tag),
         end;
         it != end; ++it) {
      EXPECT_EQ(it->prefix().str().find_first_not_of(" \n"), std::string::npos) << it->prefix();
      const std::string name = (*it)[2];
      if ((*it)[1].length() > 0) {
        EXPECT_EQ(open.back()->name, name);
        open.pop_back();
        continue;
      }
      Element element{name, attributes_of((*it)[3]), {}};
      check(element, *open.back());
      ++open.back()->children[name];
      if ((*it)[4].length() > 0) continue;
      open.back()->suites.push_back(element);
      open.push_back(&open.back()->suites.back());
    }
    EXPECT_EQ(open.size(), 1U) << "an element is not closed";
    EXPECT_TRUE(text_.ends_with("</testsuites>\n"));
    return root.suites.front();
  }

 private:
  static Attributes attributes_of(const std::string& text) {
    Attributes attributes;
    const std::regex attribute(R"re( ([a-z]+)="([^"]*)")re");
    for (std::sregex_iterator it(text.begin(), text.end(), attribute), end; it != end; ++it) {
      EXPECT_TRUE(attributes.emplace((*it)[1], (*it)[2]).second) << "twice: " << (*it)[1];
      const std::regex entity("&(?!(amp|lt|gt|quot|apos);)");
      EXPECT_FALSE(std::regex_search((*it)[2].str(), entity)) << (*it)[2];
    }
    return attributes;
  }

  static void check(const Element& element, const Element& parent) {
    const auto found = schema().find(element.name);
    ASSERT_NE(found, schema().end()) << element.name;
    const ElementRule& rule = found->second;
    for (const std::string& name : rule.required) {
      EXPECT_TRUE(element.attributes.contains(name)) << element.name << " lacks " << name;
    }
    for (const auto& [name, value] : element.attributes) {
      EXPECT_TRUE(rule.required.contains(name) || rule.optional.contains(name)) << name;
    }
    if (parent.name == "document") return;
    EXPECT_TRUE(schema().at(parent.name).children.contains(element.name)) << element.name;
  }

  std::string text_;
};

// Characters that XML 1.0 forbids (section 2.2), in UTF-8.
bool has_forbidden(const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') return true;
  }
  for (const char* character : {"\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xED\xA0\x80"}) {
    if (text.find(character) != std::string::npos) return true;
  }
  return false;
}

TestSession awkward_session() {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  const std::string awkward =
      every_byte +
      "\xEF\xBF\xBE \xEF\xBF\xBF \xED\xA0\x80 ]]> --> &#0; <![CDATA[ \" ' é \xF0\x9F\x98\x80";
  TestSession session;
  session.add_cell("same", 0);
  session.add_cell("slower", 20);
  session.add_cell("faster", -20);
  session.plan("noisy");
  for (const double ns : {100e6, 140e6, 70e6, 120e6}) session.add("noisy", 100e6, ns);
  session.plan("absent");
  session.plan("broken");
  session.input.session.cells.back().scenario = awkward;
  session.input.session.cells.back().axes[0].second = awkward;
  session.add("broken", 100e6, 100e6).second->disposition = record::Disposition::kCrashed;
  session.input.records.back().message = awkward;
  return session;
}

TEST(Junit, KeepsTheSchemaWhateverTextsHold) {
  const std::string text = write_junit(awkward_session().judge());
  EXPECT_FALSE(has_forbidden(text));
  const Element root = Reader(text).read();
  EXPECT_EQ(root.name, "testsuites");
  EXPECT_EQ(root.suites.size(), 3U) << "two scenarios, and all cells";
  EXPECT_THAT(text, HasSubstr("\xF0\x9F\x98\x80")) << "what can be shown is";
}

TEST(Junit, CountsAreThoseOfTheCases) {
  const Element root = Reader(write_junit(awkward_session().judge())).read();
  std::map<std::string, int> all;
  for (const Element& suite : root.suites) {
    std::map<std::string, int> counts;
    for (const Element& test : suite.suites) {
      for (const auto& [name, count] : test.children) counts[name] += count;
    }
    counts["test"] = suite.children.contains("testcase") ? suite.children.at("testcase") : 0;
    const auto expect = [&](const char* attribute, const char* element) {
      EXPECT_EQ(suite.attributes.at(attribute), std::to_string(counts[element]));
      all[attribute] += counts[element];
    };
    expect("tests", "test");
    expect("failures", "failure");
    expect("errors", "error");
    expect("skipped", "skipped");
  }
  for (const char* attribute : {"tests", "failures", "errors"}) {
    EXPECT_EQ(root.attributes.at(attribute), std::to_string(all[attribute]));
  }
  EXPECT_GE(all["failures"], 1);
  EXPECT_GE(all["errors"], 2);
  EXPECT_GE(all["skipped"], 1);
}

}  // namespace
}  // namespace moebench::gate
