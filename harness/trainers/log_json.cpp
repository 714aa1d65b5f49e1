#include "harness/trainers/log_json.h"

#include <array>
#include <utility>

#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/trainers/log_text.h"

namespace moebench::trainers {
namespace {

// What Python writes outside quotes, and JSON for it; a text where JSON has no such number.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWords = {
    {{"-Infinity", R"("-inf")"},
     {"Infinity", R"("inf")"},
     {"-inf", R"("-inf")"},
     {"inf", R"("inf")"},
     {"-nan", R"("nan")"},
     {"nan", R"("nan")"},
     {"NaN", R"("nan")"},
     {"None", "null"},
     {"True", "true"},
     {"False", "false"}}};

// Takes the quoted text that `rest` begins with. JSON's form has double quotes around it, bare ones
// escaped, and no \' .
void take_quoted(std::string_view& rest, std::string& json) {
  const char quote = rest.front();
  rest.remove_prefix(1);
  json += '"';
  while (!rest.empty() && rest.front() != quote) {
    if (rest.front() == '\\' && rest.size() > 1) {
      if (rest[1] != '\'') json += '\\';
      json += rest[1];
      rest.remove_prefix(2);
      continue;
    }
    if (rest.front() == '"') json += '\\';
    json += rest.front();
    rest.remove_prefix(1);
  }
  if (rest.empty()) return;
  json += '"';
  rest.remove_prefix(1);
}

void take_bare(std::string_view& rest, std::string& json) {
  for (const auto& [word, replacement] : kWords) {
    if (!rest.starts_with(word)) continue;
    json += replacement;
    rest.remove_prefix(word.size());
    return;
  }
  json += rest.front();
  rest.remove_prefix(1);
}

std::string as_json(std::string_view text) {
  std::string json;
  json.reserve(text.size() + 16);
  while (!text.empty()) {
    if (text.front() == '"' || text.front() == '\'') {
      take_quoted(text, json);
    } else {
      take_bare(text, json);
    }
  }
  return json;
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Json> parse_document(std::string_view text) {
  Json parsed = Json::parse(as_json(text), nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

std::optional<Json> parse_dictionary(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
  auto parsed = parse_document(text);
  return parsed && parsed->is_object() ? std::move(parsed) : std::nullopt;
}

std::optional<double> number_in(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  if (value->is_string()) return number_of(value->get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<std::int64_t> count_in(const Json& object, const char* key) {
  const auto number = number_in(object, key);
  // Written so that NaN is refused.
  if (!number || !(*number >= 0 && *number <= static_cast<double>(kMaxStep))) return std::nullopt;
  const auto count = static_cast<std::int64_t>(*number);
  if (static_cast<double>(count) != *number) return std::nullopt;
  return count;
}

std::optional<std::string> text_in(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

}  // namespace moebench::trainers
