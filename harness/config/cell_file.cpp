#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/config/cell.h"
#include "harness/config/cell_fields.h"
#include "harness/config/routing.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

namespace {

// A YAML double-quoted scalar. Bytes from 0x80 stay as they are: file names need not be UTF-8.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (unsigned char byte : text) {
    if (byte == '"' || byte == '\\') {
      out += fmt::format("\\{}", static_cast<char>(byte));
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out + '"';
}

class Writer {
 public:
  explicit Writer(std::string indent = "") : indent_(std::move(indent)) {}

  void field(const char* name, std::int64_t value) { line(name, fmt::to_string(value)); }
  void field(const char* name, std::uint64_t value) { line(name, fmt::to_string(value)); }
  // The shortest decimal that reads back as the same double.
  void field(const char* name, double value) { line(name, fmt::format("{}", value)); }
  void field(const char* name, bool value) { line(name, value ? "true" : "false"); }
  void field(const char* name, const std::string& value) { line(name, quoted(value)); }
  void field(const char* name, const std::vector<std::string>& values) {
    std::string items;
    for (const std::string& value : values) items += (items.empty() ? "" : ", ") + quoted(value);
    line(name, "[" + items + "]");
  }
  void field(const char* name, const Routing& value) { line(name, quoted(to_string(value))); }
  template <NamedEnum Enum>
  void field(const char* name, Enum value) {
    line(name, to_string(value));
  }
  template <typename Body>
  void section(const char* name, const Body& body) {
    Writer inner(indent_ + "  ");
    body(inner);
    text_ += fmt::format("{}{}:\n{}", indent_, name, inner.text());
    for (const auto& [field, value] : inner.fields_) {
      fields_.emplace_back(fmt::format("{}.{}", name, field), value);
    }
  }

  const std::string& text() const { return text_; }
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  void line(const char* name, const std::string& value) {
    text_ += fmt::format("{}{}: {}\n", indent_, name, value);
    fields_.emplace_back(name, value);
  }

  std::string indent_;
  std::string text_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Collects the names that the fields have, so that a foreign key is an error.
class Names {
 public:
  template <typename Value>
  void field(const char* name, const Value&) {
    names_.push_back(name);
  }
  template <typename Body>
  void section(const char* name, const Body&) {
    names_.push_back(name);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

class Reader {
 public:
  template <typename Body>
  Reader(const YamlValue& source, const Body& body) : fields_(source, names_of(body)) {
    body(*this);
  }

  void field(const char* name, std::int64_t& out) {
    out = fields_.at(name).integer(std::numeric_limits<std::int64_t>::min());
  }
  void field(const char* name, std::uint64_t& out) { out = fields_.at(name).unsigned_integer(); }
  void field(const char* name, double& out) { out = fields_.at(name).number(); }
  void field(const char* name, bool& out) { out = fields_.at(name).boolean(); }
  void field(const char* name, std::string& out) { out = fields_.at(name).text(); }
  void field(const char* name, std::vector<std::string>& out) {
    out.clear();
    for (const YamlValue& item : fields_.at(name).items()) out.push_back(item.text());
  }
  void field(const char* name, Routing& out) { out = parse_routing(fields_.at(name), "/"); }
  template <NamedEnum Enum>
  void field(const char* name, Enum& out) {
    out = fields_.at(name).word<Enum>();
  }
  template <typename Body>
  void section(const char* name, const Body& body) {
    Reader(fields_.at(name), body);
  }

 private:
  template <typename Body>
  static std::vector<std::string> names_of(const Body& body) {
    Names names;
    body(names);
    return names.names();
  }

  YamlMapping fields_;
};

}  // namespace

std::string CellConfig::canonical_text() const {
  Writer writer;
  visit_identity(writer, *this);
  return writer.text();
}

std::vector<std::pair<std::string, std::string>> CellConfig::identity_fields() const {
  Writer writer;
  visit_identity(writer, *this);
  return writer.fields();
}

void write_cell(const CellConfig& cell, const std::filesystem::path& path) {
  Writer writer;
  visit_driver(writer, cell);
  visit_identity(writer, cell);
  write_file_atomically(path, writer.text());
}

CellConfig read_cell(const std::filesystem::path& path) {
  CellConfig cell;
  Reader(YamlValue::load_file(path), [&](auto& visitor) {
    visit_driver(visitor, cell);
    visit_identity(visitor, cell);
  });
  return cell;
}

}  // namespace moebench::config
