#include "harness/config/yaml_reader.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parse.h"

namespace moebench::config {

namespace {

std::string describe(const YAML::Node& node) {
  if (node.IsScalar()) return fmt::format("'{}'", shortened(node.Scalar()));
  if (node.IsSequence()) return "a list";
  return node.IsMap() ? "a mapping" : "nothing";
}

// What a document may hold, so that none costs more than its length.
constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 300'000;

// Follows a document without building it. Error where it is nested too deeply or too large.
class BoundsCheck : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void enter(const YAML::Mark& mark) {
    count(mark);
    if (++depth_ <= kMaxDepth) return;
    throw YAML::ParserException(mark, fmt::format("nested more than {} levels deep", kMaxDepth));
  }
  void count(const YAML::Mark& mark) {
    if (++num_nodes_ <= kMaxNodes) return;
    throw YAML::ParserException(mark, fmt::format("more than {} values; is it the file that you "
                                                  "mean?",
                                                  kMaxNodes));
  }

  int depth_ = 0;
  int num_nodes_ = 0;
};

void check_bounds(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  BoundsCheck check;
  while (parser.HandleNextDocument(check)) {
  }
}

}  // namespace

YamlValue::YamlValue(std::string origin, int line, std::string what, const YAML::Node& node)
    : origin_(std::move(origin)),
      line_(line),
      what_(std::move(what)),
      node_(std::make_shared<const YAML::Node>(node)) {}

bool YamlValue::is_null() const { return node_->IsNull(); }
bool YamlValue::is_quoted() const { return node_->IsScalar() && node_->Tag() == "!"; }
bool YamlValue::is_list() const { return node_->IsSequence(); }
bool YamlValue::is_mapping() const { return node_->IsMap(); }

YamlValue YamlValue::load_file(const std::filesystem::path& path) {
  return parse(read_file(path, kMaxTextBytes), path.string());
}

YamlValue YamlValue::parse(const std::string& text, const std::string& origin) {
  return parse(text, origin, 1);
}

YamlValue YamlValue::parse_word(const std::string& text, const std::string& origin) {
  return parse(text, origin, 0);
}

namespace {

std::string place_text(const std::string& origin, int line) {
  return line == 0 ? origin : fmt::format("{}:{}", origin, line);
}

}  // namespace

YamlValue YamlValue::parse(const std::string& text, const std::string& origin, int first_line) {
  try {
    check_bounds(text);
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    const YamlValue root(origin, first_line, "",
                         documents.empty() ? YAML::Node() : documents.front());
    if (documents.size() > 1) root.fail("holds several YAML documents; keep one a file");
    return root;
  } catch (const YAML::Exception& error) {
    throw Error("{}: not valid YAML: {}",
                place_text(origin, first_line == 0 ? 0 : error.mark.line + 1), error.msg);
  }
}

YamlValue YamlValue::named(std::string what) const {
  YamlValue copy = *this;
  copy.what_ = std::move(what);
  return copy;
}

YamlValue YamlValue::with_text(const std::string& text) const {
  YamlValue copy = *this;
  copy.node_ = std::make_shared<const YAML::Node>(text);
  return copy;
}

std::string YamlValue::placed(const std::string& message) const {
  const std::string place = place_text(origin_, line_);
  if (what_.empty()) return fmt::format("{}: {}", place, message);
  return fmt::format("{}: {}: {}", place, what_, message);
}

void YamlValue::fail(const std::string& message) const { throw Error(placed(message)); }

void YamlValue::fail_as_unsupported(const std::string& message) const {
  throw Unsupported(placed(message));
}

std::string YamlValue::place() const {
  std::string text = named("").placed("");
  text.resize(text.size() - 2);  // ": "
  return text;
}

YamlValue YamlValue::child(const YAML::Node& node, const YAML::Node& place,
                           std::string what) const {
  const YAML::Mark mark = place.Mark();
  const bool has_line = line_ > 0 && mark.line >= 0;
  return YamlValue(origin_, has_line ? mark.line + 1 : line_, std::move(what), node);
}

std::string YamlValue::text() const {
  if (!node_->IsScalar()) fail(fmt::format("expected a text, got {}", describe(*node_)));
  return node_->Scalar();
}

const std::string& YamlValue::plain_scalar(std::string_view expected) const {
  if (!node_->IsScalar()) fail(fmt::format("expected {}, got {}", expected, describe(*node_)));
  if (is_quoted()) {
    fail(fmt::format("expected {}, got the text '{}'; remove the quotes", expected,
                     shortened(node_->Scalar())));
  }
  return node_->Scalar();
}

bool YamlValue::boolean() const {
  const std::string& scalar = plain_scalar("true or false");
  if (scalar == "true" || scalar == "True") return true;
  if (scalar == "false" || scalar == "False") return false;
  fail(fmt::format("expected true or false, got '{}'", shortened(scalar)));
}

std::int64_t YamlValue::integer(std::int64_t min, std::int64_t max) const {
  const std::string from =
      min == 1 ? "a positive integer" : fmt::format("an integer of at least {}", min);
  const std::string range = max == std::numeric_limits<std::int64_t>::max()
                                ? from
                                : fmt::format("an integer from {} to {}", min, max);
  const std::string& scalar = plain_scalar(range);
  const auto value = parse_number<std::int64_t>(scalar);
  if (value && *value >= min && *value <= max) return *value;
  fail(fmt::format("expected {}, got '{}'", value && *value < min ? from : range,
                   shortened(scalar)));
}

std::uint64_t YamlValue::unsigned_integer() const {
  const std::string& scalar = plain_scalar("an integer from 0 to 2^64-1");
  const auto value = parse_number<std::uint64_t>(scalar);
  if (!value)
    fail(fmt::format("expected an integer from 0 to 2^64-1, got '{}'", shortened(scalar)));
  return *value;
}

double YamlValue::number() const {
  const std::string& scalar = plain_scalar("a number");
  const auto value = parse_number<double>(scalar);
  if (!value || !std::isfinite(*value)) {
    fail(fmt::format("expected a number, got '{}'", shortened(scalar)));
  }
  return *value;
}

std::vector<YamlValue> YamlValue::items() const {
  if (!is_list()) fail(fmt::format("expected a list, got {}", describe(*node_)));
  std::vector<YamlValue> values;
  for (const YAML::Node& node : *node_) values.push_back(child(node, node, what_));
  return values;
}

std::vector<YamlValue> YamlValue::items_or_self() const {
  if (!is_list()) return {*this};
  return items();
}

std::vector<std::pair<std::string, YamlValue>> YamlValue::entries() const {
  if (!node_->IsMap()) fail(fmt::format("expected a mapping, got {}", describe(*node_)));
  std::vector<std::pair<std::string, YamlValue>> entries;
  std::set<std::string> seen;
  for (const auto& entry : *node_) {
    const YamlValue key = child(entry.first, entry.first, what_);
    const std::string name = key.is_null() ? "(null)" : key.text();
    if (name == "<<") key.fail("merge keys ('<<') are not supported; write its keys out");
    if (!seen.insert(name).second)
      key.fail(fmt::format("key '{}' is written twice", shortened(name)));
    entries.emplace_back(name, child(entry.second, entry.first, fmt::format("key '{}'", name)));
  }
  return entries;
}

YamlMapping::YamlMapping(const YamlValue& source, const std::vector<std::string>& known)
    : source_(source) {
  for (const auto& [key, value] : source.entries()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      value.named("").fail(
          fmt::format("unknown key '{}'; {}", shortened(key), suggestion(key, known)));
    }
    entries_.emplace(key, value);
  }
}

const YamlValue* YamlMapping::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

const YamlValue* YamlMapping::find_set(const std::string& key) const {
  const YamlValue* value = find(key);
  return value && !value->is_null() ? value : nullptr;
}

const YamlValue& YamlMapping::at(const std::string& key) const {
  const YamlValue* value = find(key);
  if (!value) source_.fail(fmt::format("key '{}' is missing; add it", key));
  return *value;
}

}  // namespace moebench::config
