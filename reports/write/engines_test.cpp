#include "reports/write/engines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/records_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

record::CellRecord engine_record(const std::string& id, const std::string& engine,
                                 const std::string& parallelism, double runtime_s) {
  record::CellRecord record =
      test::record_of(id, {{"engine", engine}, {"parallelism", parallelism}});
  record.metrics["runtime"] = {.unit = "ns", .value = runtime_s * 1e9};
  record.metrics["tokens_per_second"] = {.unit = "tokens/s", .value = 1000 / runtime_s};
  record.metrics["process_wall_time"] = {.unit = "ns", .value = 5e9};
  record.metrics["process_pss_sum"] = {.unit = "bytes", .value = 2e9};
  record.metrics["trainer_memory"] = {.unit = "bytes", .value = 1.5e9};
  record.environment = {{"adapter", "torchtitan"},
                        {"engine_version", "titan 0.3.0"},
                        {"trainer_tokens_scope", "device"},
                        {"worker_hash", engine}};
  return record;
}

std::string report(const std::vector<record::CellRecord>& records) {
  return write_report(records, {.format = Format::kMarkdown});
}

TEST(Engines, GainsAreAgainstFsdpOfTheSameEngine) {
  const std::string text =
      report({engine_record("a", "titan", "fsdp", 2), engine_record("b", "titan", "ep", 1)});
  EXPECT_THAT(text, HasSubstr("ep trained 2.0x as fast as fsdp"));
}

// Each engine states the axes that it takes: those that both state must agree.
TEST(Engines, OneEngineIsTheReferenceOfTheOthers) {
  auto builtin = test::arm("c", "ep", "2", "grouped");
  builtin.axes.insert(builtin.axes.begin(), {"engine", "builtin"});
  builtin.metrics["runtime"] = {.unit = "ns", .value = 1e9};
  const std::string text =
      write_report({builtin, engine_record("b", "titan", "ep", 4)},
                   {.format = Format::kMarkdown, .reference = {{"engine", "builtin"}}});
  EXPECT_THAT(text, HasSubstr("0.25x ?"));
}

TEST(Engines, ProcessesStandInPlaceOfTensorMemory) {
  const std::string text = report({engine_record("a", "titan", "fsdp", 2)});
  EXPECT_THAT(text,
              AllOf(HasSubstr("memory (PSS) (GB)"), Not(HasSubstr("mem_alloc (")),
                    HasSubstr("<summary>Processes</summary>"), HasSubstr("trainer's own memory")));
}

TEST(Engines, OneSaysItsVersionAndWhatItsNumbersMean) {
  EXPECT_THAT(report({engine_record("a", "titan", "fsdp", 2)}),
              HasSubstr("engine titan: titan 0.3.0; its log read by adapter torchtitan; its tokens "
                        "are of scope device"));
}

TEST(Engines, AreProgramsOfTheirOwnWithoutAWarning) {
  auto builtin = test::arm("c", "fsdp", "1", "loop");
  builtin.environment["worker_hash"] = "0123";
  auto one = engine_record("a", "titan", "fsdp", 2);
  EXPECT_THAT(report({builtin, one}), Not(HasSubstr("programs (column program)")));
  auto other = one;
  other.repetition = 1;
  other.environment["worker_hash"] = "another";
  EXPECT_THAT(report({builtin, one, other}), HasSubstr("2 programs (column program)"));
}

// An axis that came later has an initial value for older records, none for other engines.
TEST(Engines, TakeNoInitialValuesOfAxesThatTheyDoNotState) {
  EXPECT_THAT(report({engine_record("a", "titan", "fsdp", 2)}), Not(HasSubstr("shard_degree")));
}

// What a trainer takes no notice of tells no row from another.
TEST(Engines, AxesThatAnEngineDoesNotStateAreNoColumns) {
  auto builtin = test::arm("c", "fsdp", "1", "loop");
  EXPECT_THAT(report({builtin, engine_record("a", "titan", "fsdp", 2)}),
              AllOf(HasSubstr("| engine"), Not(HasSubstr("| expert_kernel"))));
}

TEST(Engines, MoebenchsOwnNeedsNoneOfThis) {
  EXPECT_THAT(report({test::arm("c", "fsdp", "1", "loop")}),
              Not(HasSubstr("<summary>Processes</summary>")));
}

TEST(Engines, ProcessesAreExplainedWhereSomebodySawThem) {
  record::CellRecord adopted = engine_record("a", "titan", "fsdp", 2);
  EXPECT_THAT(report({adopted}), HasSubstr("processes: as the driver saw them"));
  std::erase_if(adopted.metrics,
                [](const auto& metric) { return metric.first.starts_with("process_"); });
  EXPECT_THAT(report({adopted}), Not(HasSubstr("processes: as the driver saw them")));
}

}  // namespace
}  // namespace moebench::reports
