#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/imports/importer.h"
#include "harness/testing/error_of.h"

namespace moebench::imports {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Facts of foundation-model-stack/fms-acceleration: the two rows of scripts/benchmarks/refs/
// a100_80gb_mb.csv at 0c6631a, with the columns of that folder.
constexpr const char* kMegablocks =
    "epoch,framework_config,gradient_accumulation_steps,mem_peak_torch_mem_alloc_in_bytes,"
    "mem_torch_mem_alloc_in_bytes,model_name_or_path,num_gpus,per_device_train_batch_size,"
    "torch_dtype,train_runtime,train_steps_per_second,train_tokens_per_second\n"
    "0.25,none,16.0,58936741888,47259259904,mistralai/Mixtral-8x7B-Instruct-v0.1,8,1,bfloat16,"
    "4170.0391,0.024,80.575\n"
    "0.25,moe-megablocks,16.0,48874301952,35987686400,mistralai/Mixtral-8x7B-Instruct-v0.1,8,1,"
    "bfloat16,1404.3938,0.071,239.249\n";

std::vector<ImportedRun> runs_of(const std::string& text) { return read_fms(text, "raw.csv").runs; }

std::string fms_error(const std::string& text) {
  return error_of([&] { runs_of(text); });
}

// A row with the columns that every row needs, and others.
std::string table(const std::string& columns, const std::string& fields) {
  return "model_name_or_path,num_gpus,train_runtime" + columns + "\nm,2," + fields + "\n";
}

TEST(Fms, ARowIsARecordInBaseUnits) {
  const auto runs = runs_of(kMegablocks);
  ASSERT_THAT(runs, SizeIs(2));
  const CellRecord& ep = runs[1].record;
  EXPECT_THAT(
      ep.axes,
      ElementsAre(Pair("model", "mistralai/Mixtral-8x7B-Instruct-v0.1"), Pair("parallelism", "ep"),
                  Pair("ep_degree", "8"), Pair("expert_kernel", "megablocks"),
                  Pair("acceleration", "none"), Pair("ranks", "8"), Pair("micro_batch", "1"),
                  Pair("grad_accumulation", "16"), Pair("dtype", "bf16")));
  EXPECT_EQ(ep.disposition, Disposition::kOk);
  EXPECT_EQ(ep.value("mem_peak"), 48874301952.0);
  EXPECT_EQ(ep.value("mem_alloc"), 35987686400.0);
  EXPECT_EQ(ep.value("runtime"), 1404.3938e9);
  EXPECT_EQ(ep.value("tokens_per_second"), 239.249);
  EXPECT_EQ(ep.value("steps_per_second"), 0.071);
  EXPECT_EQ(runs[0].record.axis("parallelism"), "fsdp");
  EXPECT_EQ(runs[0].record.axis("expert_kernel"), "loop");
  EXPECT_EQ(runs[1].place, "line 3");
}

TEST(Fms, ExtrapolatedTokensAreMarked) {
  for (const ImportedRun& run : runs_of(kMegablocks)) {
    EXPECT_THAT(run.record.warnings, Contains(StartsWith("tokens/s is extrapolated by")));
    EXPECT_EQ(run.record.environment.at("tokens_extrapolated_from"), "a first batch of 210 tokens");
  }
  // What was counted gives no whole number of tokens in a batch.
  const auto counted =
      runs_of(table(",train_tokens_per_second,max_steps", "1000.1234,512.345,100"));
  EXPECT_FALSE(counted[0].record.environment.contains("tokens_extrapolated_from"));
}

// Rates that no run has mean so many step counts that trying each would not end.
TEST(Fms, AbsurdRatesAreSoonRead) {
  const auto runs =
      runs_of(table(",train_tokens_per_second,train_steps_per_second", "177748.5,8.3e20,2.5E+10"));
  EXPECT_FALSE(runs[0].record.environment.contains("tokens_extrapolated_from"));
  const auto none = runs_of(
      table(",train_tokens_per_second,max_steps,gradient_accumulation_steps", "1000,500,100,0"));
  EXPECT_FALSE(none[0].record.environment.contains("tokens_extrapolated_from"));
  // Doubles of that size stay what they are when one is added.
  const auto steps = runs_of(table(",train_tokens_per_second,max_steps", "1000.5,8.3e20,4e18"));
  EXPECT_FALSE(steps[0].record.environment.contains("tokens_extrapolated_from"));
}

TEST(Fms, MemoryIsConverted) {
  const auto runs = runs_of(table(",mem_nvidia_mem_reserved", "10,77748"));
  EXPECT_EQ(runs[0].record.value("gpu_memory_mean"), 77748.0 * (1 << 20));
  // As the Trainer logs it, before the harness adds it up.
  const auto stages =
      runs_of(table(",before_init_mem_gpu,init_mem_gpu_alloc_delta,train_mem_gpu_alloc_delta,"
                    "train_mem_gpu_peaked_delta",
                    "10,1000,200,30,4000"));
  EXPECT_EQ(stages[0].record.value("mem_alloc"), 1230);
  EXPECT_EQ(stages[0].record.value("mem_peak"), 5230);
}

TEST(Fms, FailedRowsStay) {
  const auto runs = runs_of(
      "model_name_or_path,num_gpus,train_runtime,mem_nvidia_mem_reserved,error_messages,dry_run\n"
      "m,1,,81166,,\n"
      "m,2,,80000,\"['Traceback (most recent call last):\\n', '  File \"\"a.py\"\"\\n', "
      "'torch.OutOfMemoryError: CUDA out of memory. Tried\\n']\",\n"
      "m,3,,,['ValueError: no such thing\\n'],\n"
      "m,4,,,,True\n");
  ASSERT_THAT(runs, SizeIs(4));
  EXPECT_EQ(runs[0].record.disposition, Disposition::kCrashed);
  EXPECT_THAT(runs[0].record.message, HasSubstr("has no train_runtime"));
  EXPECT_EQ(runs[0].record.value("gpu_memory_mean"), 81166.0 * (1 << 20));
  EXPECT_EQ(runs[1].record.disposition, Disposition::kOutOfMemory);
  EXPECT_THAT(runs[1].record.message, StartsWith("torch.OutOfMemoryError: CUDA out of memory"));
  EXPECT_THAT(runs[1].record.stderr_tail, HasSubstr("Traceback"));
  EXPECT_EQ(runs[2].record.disposition, Disposition::kCrashed);
  EXPECT_THAT(runs[2].record.message, StartsWith("ValueError: no such thing"));
  EXPECT_EQ(runs[3].record.disposition, Disposition::kUnsupported);
}

TEST(Fms, UnknownColumnsStayAndTellCellsApart) {
  const auto runs = runs_of(
      "model_name_or_path,num_gpus,train_runtime,flash,output_dir\n"
      "m,1,10,yes,exp_0\nm,1,10,yes,exp_1\nm,1,10,no,exp_2\n");
  EXPECT_EQ(runs[0].record.environment.at("fms.flash"), "yes");
  EXPECT_EQ(runs[0].record.environment.at("fms.output_dir"), "exp_0");
  EXPECT_EQ(runs[0].conditions, runs[1].conditions);
  EXPECT_NE(runs[0].conditions, runs[2].conditions);
}

TEST(Fms, AKernelOfExpertsIsOfModelsThatHaveAny) {
  const auto runs = runs_of(
      "model_name_or_path,num_gpus,train_runtime,framework_config\n"
      "dense,1,10,none\ndense,1,10,foak-fast-kernels\nmoe,1,10,none\nmoe,1,9,moe-x-ep1\n");
  EXPECT_EQ(runs[0].record.axis("expert_kernel"), "unstated");
  EXPECT_EQ(runs[1].record.axis("acceleration"), "foak-fast-kernels");
  EXPECT_EQ(runs[2].record.axis("expert_kernel"), "loop");
  EXPECT_EQ(runs[3].record.axis("expert_kernel"), "x");
}

TEST(Fms, SaysWhatIsWrongWhere) {
  EXPECT_THAT(fms_error("a,b\n1,2\n"), StartsWith("raw.csv:1: has no column model_name_or_path"));
  EXPECT_THAT(fms_error(table("", "fast")), StartsWith("raw.csv:2: train_runtime is 'fast'"));
  EXPECT_THAT(fms_error(table("", "-1")), StartsWith("raw.csv:2: train_runtime is -1"));
  EXPECT_THAT(fms_error("model_name_or_path,num_gpus,train_runtime\nm,none,1\n"),
              StartsWith("raw.csv:2: num_gpus is 'none'"));
  EXPECT_THAT(fms_error("model_name_or_path,num_gpus,train_runtime\n,1,1\n"),
              StartsWith("raw.csv:2: model_name_or_path is empty"));
  EXPECT_EQ(fms_error(table("", "nan")), "no error");
}

}  // namespace
}  // namespace moebench::imports
