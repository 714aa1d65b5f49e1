#include "harness/base/file.h"
#include "harness/config/cell.h"
#include "harness/config/fields.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

namespace {

const Fields& file_table() {
  static const Fields table = [] {
    Fields fields = driver_table();
    fields.insert(fields.end(), identity_table().begin(), identity_table().end());
    return fields;
  }();
  return table;
}

}  // namespace

std::string CellConfig::canonical_text() const { return yaml_text(*this, identity_table()); }

std::vector<std::pair<std::string, std::string>> CellConfig::identity_fields() const {
  return stated_fields(*this, identity_table());
}

void write_cell(const CellConfig& cell, const std::filesystem::path& path) {
  write_file_atomically(path, yaml_text(cell, file_table()));
}

CellConfig read_cell(const std::filesystem::path& path) {
  return read_fields(YamlValue::load_file(path), file_table());
}

}  // namespace moebench::config
