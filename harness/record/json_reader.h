#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/record/record.h"

// Only the sources of this folder include this: nothing else knows JSON.
namespace moebench::record {

using Json = nlohmann::ordered_json;

// The text is of another version of the schema: whole, and nothing for this program.
class OtherSchema : public Error {
 public:
  using Error::Error;
};

// The members of one JSON object, each taken once by name and type. Errors say where the value
// stands: "results.jsonl:12: metrics.runtime.value: ...".
class ObjectReader {
 public:
  // `remedy` ends every error.
  ObjectReader(const Json& json, std::string place, std::string remedy)
      : json_(json), place_(std::move(place)), remedy_(std::move(remedy)) {
    if (!json.is_object()) fail("is no object but " + std::string(json.type_name()));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error("{}: {}; {}", place_, what, remedy_);
  }

  // Null where the object has no such member.
  const Json* find(const std::string& key) {
    seen_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  const Json& get(const std::string& key) {
    const Json* found = find(key);
    if (!found) fail("has no '" + key + "'");
    return *found;
  }

  std::string text(const std::string& key) {
    const Json& value = get(key);
    if (!value.is_string()) wrong_type(key, "a string", value);
    return value.get<std::string>();
  }

  int integer(const std::string& key) {
    const Json& value = get(key);
    const bool fits =
        value.is_number_integer() && value >= 0 && value <= std::numeric_limits<int>::max();
    if (!fits) wrong_type(key, "an integer from 0", value);
    return value.get<int>();
  }

  ObjectReader object(const std::string& key) { return {get(key), place_of(key), remedy_}; }

  double number(const std::string& key) {
    const Json& value = get(key);
    if (!value.is_number()) wrong_type(key, "a number", value);
    return value.get<double>();
  }

  // Returns one reader an object of the array.
  std::vector<ObjectReader> objects(const std::string& key) {
    const Json& array = get(key);
    if (!array.is_array()) wrong_type(key, "an array of objects", array);
    std::vector<ObjectReader> readers;
    for (std::size_t i = 0; i < array.size(); ++i) {
      readers.emplace_back(array[i], place_of(fmt::format("{}[{}]", key, i)), remedy_);
    }
    return readers;
  }

  std::vector<std::string> texts(const std::string& key) {
    const Json& array = get(key);
    if (!array.is_array()) wrong_type(key, "an array of strings", array);
    std::vector<std::string> items;
    for (const Json& item : array) {
      if (!item.is_string()) wrong_type(key, "an array of strings", item);
      items.push_back(item.get<std::string>());
    }
    return items;
  }

  template <typename Visit>  // visit(key, value) in the order of the text
  void each(const Visit& visit) {
    for (const auto& item : json_.items()) {
      seen_.insert(item.key());
      visit(item.key(), item.value());
    }
  }

  std::vector<std::pair<std::string, std::string>> text_pairs() {
    std::vector<std::pair<std::string, std::string>> pairs;
    each([&](const std::string& key, const Json&) { pairs.emplace_back(key, text(key)); });
    return pairs;
  }

  // The array's numbers; null becomes `missing`. Empty where there is no such member.
  template <typename T>
  std::vector<T> numbers(const std::string& key, const T& missing) {
    std::vector<T> values;
    const Json* array = find(key);
    if (!array) return values;
    if (!array->is_array()) wrong_type(key, "an array of numbers", *array);
    for (const Json& item : *array) {
      if (!item.is_null() && !item.is_number()) wrong_type(key, "an array of numbers", item);
      if (item.is_null()) {
        values.push_back(missing);
      } else {
        values.push_back(item.get<double>());
      }
    }
    return values;
  }

  // The members that nobody has asked for: those of a newer program.
  UnknownMembers unknown_members() const {
    UnknownMembers members;
    for (const auto& item : json_.items()) {
      if (!seen_.contains(item.key())) members.emplace(item.key(), item.value().dump());
    }
    return members;
  }

  const std::string& place() const { return place_; }

  [[noreturn]] void wrong_type(const std::string& key, const char* wanted,
                               const Json& found) const {
    fail(fmt::format("'{}' must be {}, not {}", key, wanted,
                     found.is_primitive()
                         ? found.dump(-1, ' ', true, Json::error_handler_t::replace)
                         : found.type_name()));
  }

 private:
  std::string place_of(const std::string& key) const { return place_ + ": " + key; }

  const Json& json_;
  std::string place_;
  std::string remedy_;
  std::set<std::string> seen_;
};

// Does what parse_record of record.h does, with another remedy behind what is wrong.
CellRecord parse_record(std::string_view json, const std::string& origin,
                        const std::string& remedy);

// Error that names `origin` where the text is no JSON.
Json parse_text(std::string_view text, const std::string& origin, const std::string& remedy);

// "schema_minor", 0 where there is none. OtherSchema where "schema_version" is not kSchemaVersion.
int read_schema_minor(ObjectReader& reader);

// Appends what UnknownMembers hold.
void add_unknown(const UnknownMembers& unknown, Json& json);

std::optional<KnownFailure> parse_known_failure(ObjectReader& reader);
Json to_json_value(const KnownFailure& failure);

// Bytes that are not UTF-8 become U+FFFD.
std::string dump(const Json& json);
// Writes the same indented by two; arrays of plain values stay on one line.
std::string dump_indented(const Json& json);

}  // namespace moebench::record
