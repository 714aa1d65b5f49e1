#include "reports/write/csv_row.h"

#include <csv.h>

namespace moebench::reports {
namespace {

void add_field(const std::string& field, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * field.size() + 2);
  const std::size_t size =
      ::csv_write(out.data() + begin, out.size() - begin, field.data(), field.size());
  out.resize(begin + size);
}

}  // namespace

void add_csv_row(const std::vector<std::string>& fields, std::string& out) {
  const char* separator = "";
  for (const std::string& field : fields) {
    out += separator;
    add_field(field, out);
    separator = ",";
  }
  out += '\n';
}

}  // namespace moebench::reports
