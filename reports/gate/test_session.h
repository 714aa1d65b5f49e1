#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/gate/gate.h"

// A session whose numbers a test chooses.
namespace moebench::gate::test {

class TestSession {
 public:
  TestSession() {
    input.session.base = "build a";
    input.session.candidate = "build b";
    input.session.looks = {4};
    input.today = "2024-06-01";
  }

  // Plans a cell; its axes are `kernel` = its id and ranks=2.
  void plan(const std::string& id) {
    input.session.cells.push_back({id, id, "quick", {{"kernel", id}, {"ranks", "2"}}});
  }

  // Adds a pair of ok runs of `cell` with these step times.
  std::pair<record::CellRecord*, record::CellRecord*> add(const std::string& cell, double base_ns,
                                                          double candidate_ns) {
    return add_to(input.records, cell, base_ns, candidate_ns);
  }
  void calibrate(const std::string& cell, double base_ns, double candidate_ns) {
    add_to(input.calibration, cell, base_ns, candidate_ns);
  }

  // Plans a cell with 4 pairs whose candidate is slower by `percent`; runs scatter by 0.2 %.
  void add_cell(const std::string& id, double percent) {
    plan(id);
    const double times[] = {100e6, 100.4e6, 99.8e6, 100.1e6};
    for (int i = 0; i < 4; ++i) add(id, times[i], times[3 - i] * (1 + percent / 100));
  }

  Report judge() const { return gate::judge(input); }

  Input input;

 private:
  std::pair<record::CellRecord*, record::CellRecord*> add_to(
      std::vector<record::CellRecord>& records, const std::string& cell, double base_ns,
      double candidate_ns) {
    records.reserve(1000);  // keeps the pointers alive
    const int index = next_index_++;
    for (const record::Arm arm : {record::Arm::kBase, record::Arm::kCandidate}) {
      record::CellRecord run;
      run.id = cell;
      run.scenario = "quick";
      run.workload = "w";
      run.axes = {{"kernel", cell}, {"ranks", "2"}};
      run.pair = record::PairPlace{cell, index, arm, arm == record::Arm::kBase ? 0 : 1};
      run.repetition = 2 * index + run.pair->order;
      run.environment = {{"cpu_model", "cpu"}, {"torch_version", "2"}};
      run.metrics["step_time"] = {.unit = "ns",
                                  .value = arm == record::Arm::kBase ? base_ns : candidate_ns};
      run.metrics["mem_peak"] = {.unit = "bytes", .value = 30e6, .per_rank = {30e6, 20e6}};
      run.metrics["other_cores"] = {.unit = "1", .value = 0};
      records.push_back(std::move(run));
    }
    return {&records[records.size() - 2], &records.back()};
  }

  int next_index_ = 0;
};

}  // namespace moebench::gate::test
