#include "tools/moebench/cell_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/format.h"

namespace moebench::cli {
namespace {

using ::testing::HasSubstr;

config::CellConfig table_cell(config::Parallelism parallelism, std::int64_t ep_degree) {
  config::CellConfig cell;
  cell.scenario = "quick";
  cell.model.name = "toy";
  cell.model.hidden_size = 16;
  cell.model.intermediate_size = 32;
  cell.model.num_layers = 2;
  cell.model.num_experts = 4;
  cell.model.top_k = 2;
  cell.model.num_heads = 2;
  cell.model.num_kv_heads = 1;
  cell.model.head_dim = 8;
  cell.model.vocab_size = 256;
  cell.ranks = 2;
  cell.seq_len = 16;
  cell.expert_kernel = config::ExpertKernel::kLoop;
  cell.parallelism = parallelism;
  cell.ep_degree = ep_degree;
  return cell;
}

TEST(CellTable, HasSharedAxesAndColumns) {
  const auto document =
      cell_document({{table_cell(config::Parallelism::kFsdp, 1), "0123456789ab", "slow", 1'230'000},
                     {table_cell(config::Parallelism::kEp, 2), "ba9876543210", "", 0}});
  const std::string table = print(document, reports::Format::kTerminal);
  EXPECT_THAT(
      table,
      HasSubstr("all cells: model=toy engine=builtin shard_degree=0 expert_kernel=loop ranks=2"));
  EXPECT_THAT(table,
              HasSubstr("scenario  id            parallelism  ep_degree  memory/rank  note"));
  EXPECT_THAT(table, HasSubstr("1.2 MB       slow\n"));
}

}  // namespace
}  // namespace moebench::cli
