#pragma once

#include <csv.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace moebench::reports::test {

// The fields of a CSV text as libcsv reads them.
inline std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  struct Rows {
    std::vector<std::vector<std::string>> done;
    std::vector<std::string> open;
  } rows;
  const auto on_field = [](void* field, std::size_t size, void* data) {
    static_cast<Rows*>(data)->open.emplace_back(static_cast<const char*>(field), size);
  };
  const auto on_row = [](int, void* data) {
    auto* r = static_cast<Rows*>(data);
    r->done.push_back(std::exchange(r->open, {}));
  };
  csv_parser parser;
  EXPECT_EQ(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
  EXPECT_EQ(csv_parse(&parser, text.data(), text.size(), on_field, on_row, &rows), text.size());
  EXPECT_EQ(csv_fini(&parser, on_field, on_row, &rows), 0);
  csv_free(&parser);
  return rows.done;
}

}  // namespace moebench::reports::test
