#include "harness/imports/importer.h"

#include <algorithm>
#include <array>

#include "harness/base/error.h"

namespace moebench::imports {
namespace {

constexpr std::array kImporters = {
    ImporterInfo{"fms", "raw summary (CSV) of fms-acceleration's benchmarks", read_fms},
    ImporterInfo{"gbench", "results (JSON) of Google Benchmark", read_gbench},
};

}  // namespace

std::span<const ImporterInfo> importers() { return kImporters; }

const ImporterInfo& find_importer(std::string_view name) {
  const auto* found = std::ranges::find(kImporters, name, &ImporterInfo::name);
  if (found != kImporters.end()) return *found;
  std::string names;
  for (const ImporterInfo& row : kImporters) {
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error("'{}' is no kind of file to import; use one of {}", name, names);
}

}  // namespace moebench::imports
