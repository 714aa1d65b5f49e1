#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace moebench::config {

// One value of a JSON file that knows its place. Reading is strict: nothing is converted, and every
// error reads "file:line: key 'x': message".
class JsonValue {
 public:
  JsonValue(std::string place, std::string key, const nlohmann::json& json);

  [[noreturn]] void fail(const std::string& message) const;
  // The same without the key, for a message that names it.
  [[noreturn]] void fail_at_place(const std::string& message) const;

  const std::string& key() const { return key_; }
  const std::string& place() const { return place_; }
  bool is_null() const;
  std::string text() const;
  bool boolean() const;
  std::int64_t integer(std::int64_t min, std::int64_t max) const;
  double number() const;

  // Whether it is the value of that JSON text; 0 and 0.0 are the same.
  bool is(std::string_view json) const;
  // As JSON, cut where it is long.
  std::string shown() const;

  const nlohmann::json& json() const { return *json_; }

 private:
  [[noreturn]] void fail_type(const std::string& expected) const;

  std::string place_;  // "config.json:3"
  std::string key_;    // "rope_scaling/type"
  std::shared_ptr<const nlohmann::json> json_;
};

// The members of an object. A null counts as absent, as it does in Hugging Face's files, but for
// those who ask.
class JsonObject {
 public:
  // Of a file that holds one object. Error names the place where it holds something else.
  static JsonObject load_file(const std::filesystem::path& path);

  // Error at the member where it is no object.
  JsonObject object(const std::string& key) const;

  // Puts a member of another file in the place of the one of its key.
  void set(const JsonValue& value);
  // All of it as JSON.
  std::string text() const;

  // Keys in alphabetical order.
  std::vector<std::string> keys() const;
  // nullptr where it is absent or null.
  const JsonValue* find(const std::string& key) const;
  bool is_null(const std::string& key) const;  // there, and null
  // Error where it is absent or null.
  const JsonValue& at(const std::string& key) const;

  [[noreturn]] void fail(const std::string& message) const;

 private:
  std::string file_;
  std::string place_;   // of members whose line is not known
  std::string prefix_;  // of the keys within an object that is a member: "rope_scaling/"
  std::map<std::string, int> lines_;
  std::map<std::string, JsonValue> members_;

  void fill(const nlohmann::json& object);
};

}  // namespace moebench::config
