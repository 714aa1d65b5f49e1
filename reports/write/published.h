#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"

namespace moebench::reports {

// A figure that others have published: scenarios/reference/README.md describes the columns.
struct PublishedFigure {
  std::string model;
  std::string hardware;
  std::string gpus;
  std::string framework;
  std::string parallelism;
  std::string dtype;
  std::string seq_len;
  std::string routing;
  std::optional<double> tokens_per_second_per_gpu;
  std::optional<double> mfu;  // of 1
  std::string notes;
  std::string source;
  std::string date;
};

// Error names file and line where a row is not what it should be.
std::vector<PublishedFigure> read_published(const std::filesystem::path& path);

// Sets the published figures of the records' models beside the ok cells, a table a scenario, and
// says of each in what it differs; where none is of such a model it says so.
Document published_document(const std::vector<record::CellRecord>& records,
                            const std::vector<PublishedFigure>& published);

}  // namespace moebench::reports
