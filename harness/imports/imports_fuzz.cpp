// libFuzzer's target: any bytes as another harness's results give an Error or records in their
// form. Built by tools/fuzz.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "harness/base/csv.h"
#include "harness/base/error.h"
#include "harness/imports/importer.h"

namespace moebench::imports {
namespace {

template <typename Call>
void run(const Call& call) {
  try {
    call();
  } catch (const Error&) {
    // What a bad file may end in.
  }
}

void check(const CsvTable& table) {
  for (const CsvRow& row : table.rows()) {
    if (row.fields.size() != table.header().size() || row.line < 1) std::abort();
  }
}

void check(const Imported& imported) {
  for (const ImportedRun& run : imported.runs) {
    for (const auto& [name, metric] : run.record.metrics) {
      if (metric.unit.empty() || !metric.value) std::abort();
    }
    if (run.record.axes.empty()) std::abort();
    const bool is_ok = run.record.disposition == record::Disposition::kOk;
    if (is_ok != run.record.message.empty()) std::abort();
  }
}

}  // namespace
}  // namespace moebench::imports

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace moebench::imports;
  const std::string text(reinterpret_cast<const char*>(data), size);
  run([&] { check(moebench::CsvTable(text, "fuzz")); });
  for (const ImporterInfo& importer : importers()) {
    run([&] { check(importer.read(text, "fuzz")); });
  }
  return 0;
}
