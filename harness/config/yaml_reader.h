#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/base/words.h"

namespace YAML {
class Node;
}

namespace moebench::config {

// One YAML node that knows its place. Reading is strict: nothing is converted, and every
// error reads "file:line: what: message".
class YamlValue {
 public:
  // The only document of a file or text. `what` of the root is empty.
  static YamlValue load_file(const std::filesystem::path& path);
  static YamlValue parse(const std::string& text, const std::string& origin);
  // The same of a word of the command line, which has no lines: errors read "origin: what:
  // message".
  static YamlValue parse_word(const std::string& text, const std::string& origin);

  // The same place and text under another name, e.g. "axis 'ranks'".
  YamlValue named(std::string what) const;
  // The same place with another plain scalar.
  YamlValue with_text(const std::string& text) const;

  [[noreturn]] void fail(const std::string& message) const;
  // The same as Unsupported: the text is right, but asks for what is not here.
  [[noreturn]] void fail_as_unsupported(const std::string& message) const;

  // "file:line".
  std::string place() const;

  bool is_null() const;
  bool is_quoted() const;  // a scalar that is text, whatever it looks like
  bool is_list() const;
  bool is_mapping() const;

  std::string text() const;  // a scalar, quoted or not
  bool boolean() const;      // true, false, True, False; unquoted
  std::int64_t integer(std::int64_t min = 1,
                       std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  std::uint64_t unsigned_integer() const;
  double number() const;  // finite

  std::vector<YamlValue> items() const;          // of a list
  std::vector<YamlValue> items_or_self() const;  // of a list, or the scalar alone
  // Of a mapping, in the order written; a key written twice is an error. A null key reads "(null)".
  std::vector<std::pair<std::string, YamlValue>> entries() const;

  // The enumerator of that name.
  template <NamedEnum Enum>
  Enum word() const {
    if (const auto value = find_named<Enum>(text())) return *value;
    fail(unknown_name("value", text(), names<Enum>()));
  }

 private:
  YamlValue(std::string origin, int line, std::string what, const YAML::Node& node);
  static YamlValue parse(const std::string& text, const std::string& origin, int first_line);
  // `place` gives the line: of an entry its key's, since a nested value begins on a later line.
  YamlValue child(const YAML::Node& node, const YAML::Node& place, std::string what) const;
  std::string placed(const std::string& message) const;  // behind file, line and what
  // A scalar that was not quoted; `expected` names the type in the error.
  const std::string& plain_scalar(std::string_view expected) const;

  std::string origin_;
  int line_;  // 1-based; 0: of the command line
  std::string what_;
  // Behind a pointer, since the library's header costs every source that sees it two seconds.
  std::shared_ptr<const YAML::Node> node_;
};

// A mapping read by key.
class YamlMapping {
 public:
  // Error at a key that is not among the known ones.
  YamlMapping(const YamlValue& source, const std::vector<std::string>& known);

  const YamlValue& source() const { return source_; }
  // nullptr where the key is absent.
  const YamlValue* find(const std::string& key) const;
  // nullptr where the key is absent or null.
  const YamlValue* find_set(const std::string& key) const;
  // Error where the key is absent.
  const YamlValue& at(const std::string& key) const;

 private:
  YamlValue source_;
  std::map<std::string, YamlValue> entries_;
};

}  // namespace moebench::config
