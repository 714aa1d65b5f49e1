#include "harness/config/json_reader.h"

#include <fmt/core.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/json.h"

namespace moebench::config {

namespace {

constexpr std::size_t kMaxShown = 60;

}  // namespace

JsonValue::JsonValue(std::string place, std::string key, const nlohmann::json& json)
    : place_(std::move(place)),
      key_(std::move(key)),
      json_(std::make_shared<const nlohmann::json>(json)) {}

void JsonValue::fail(const std::string& message) const {
  throw Error("{}: key '{}': {}", place_, key_, message);
}

void JsonValue::fail_at_place(const std::string& message) const {
  throw Error("{}: {}", place_, message);
}

void JsonValue::fail_type(const std::string& expected) const {
  if (json_->is_string()) {
    fail(fmt::format("expected {}, got the text {}; remove the quotes", expected, shown()));
  }
  fail(fmt::format("expected {}, got {}", expected, shown()));
}

bool JsonValue::is_null() const { return json_->is_null(); }

std::string JsonValue::text() const {
  if (!json_->is_string()) fail(fmt::format("expected a text, got {}", shown()));
  return json_->get<std::string>();
}

bool JsonValue::boolean() const {
  if (!json_->is_boolean()) fail_type("true or false");
  return json_->get<bool>();
}

std::int64_t JsonValue::integer(std::int64_t min, std::int64_t max) const {
  const bool fits = json_->is_number_integer() &&
                    !(json_->is_number_unsigned() && json_->get<std::uint64_t>() > INT64_MAX);
  if (!fits || json_->get<std::int64_t>() < min || json_->get<std::int64_t>() > max) {
    fail_type(fmt::format("an integer from {} to {}", min, max));
  }
  return json_->get<std::int64_t>();
}

double JsonValue::number() const {
  if (!json_->is_number()) fail_type("a number");
  return json_->get<double>();
}

bool JsonValue::is(std::string_view json) const { return *json_ == nlohmann::json::parse(json); }

std::string JsonValue::shown() const {
  if (json_->is_object()) return "an object";
  std::string text = json_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() <= kMaxShown) return text;
  return json_->is_array() ? "a list" : text.substr(0, kMaxShown) + "...";
}

JsonObject JsonObject::load_file(const std::filesystem::path& path) {
  JsonObject root;
  root.file_ = path.string();
  root.place_ = root.file_ + ":1";
  root.fill(parse_object(read_file(path, kMaxTextBytes), root.file_, &root.lines_));
  return root;
}

JsonObject JsonObject::object(const std::string& key) const {
  const JsonValue& value = at(key);
  if (!value.json().is_object()) {
    value.fail(fmt::format("expected an object, got {}", value.shown()));
  }
  JsonObject inner;
  inner.file_ = file_;
  inner.place_ = value.place();
  inner.prefix_ = prefix_ + key + "/";
  inner.lines_ = lines_;
  inner.fill(value.json());
  return inner;
}

void JsonObject::fill(const nlohmann::json& object) {
  for (const auto& [key, value] : object.items()) {
    const auto line = lines_.find(prefix_ + key);
    members_.emplace(
        key, JsonValue(line == lines_.end() ? place_ : fmt::format("{}:{}", file_, line->second),
                       prefix_ + key, value));
  }
}

void JsonObject::set(const JsonValue& value) {
  const std::string name = prefix_ + value.key();
  std::erase_if(lines_, [&](const auto& line) {
    return line.first == name || line.first.starts_with(name + "/");
  });
  members_.insert_or_assign(value.key(), value);
}

std::string JsonObject::text() const {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [key, value] : members_) object[key] = value.json();
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : members_) keys.push_back(key);
  return keys;
}

const JsonValue* JsonObject::find(const std::string& key) const {
  const auto found = members_.find(key);
  return found == members_.end() || found->second.is_null() ? nullptr : &found->second;
}

bool JsonObject::is_null(const std::string& key) const {
  const auto found = members_.find(key);
  return found != members_.end() && found->second.is_null();
}

const JsonValue& JsonObject::at(const std::string& key) const {
  if (const JsonValue* value = find(key)) return *value;
  fail(fmt::format("key '{}' is {}", prefix_ + key,
                   is_null(key) ? "null; set it" : "missing; add it"));
}

void JsonObject::fail(const std::string& message) const { throw Error("{}: {}", file_, message); }

}  // namespace moebench::config
