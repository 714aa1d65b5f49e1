#pragma once

#include <string>
#include <vector>

namespace moebench::reports {

// Adds a line of CSV; every field is quoted.
void add_csv_row(const std::vector<std::string>& fields, std::string& out);

}  // namespace moebench::reports
