#include "harness/config/resumption.h"

#include <algorithm>
#include <array>

namespace moebench::config {

bool may_change_on_resumption(std::string_view field) {
  constexpr std::array<std::string_view, 21> kFree = {
      "parallelism", "ep_degree",         "expert_kernel",
      "ranks",       "grad_accumulation", "activation_checkpointing",
      "gathers",     "prefetch",          "sync_each_batch",
      "optimizer",   "keep_gradients",    "threads_per_rank",
      "device",      "reduce_dtype",      "device_collectives",
      "steps",       "warmup_steps",      "load_from",
      "load",        "checkpoint_every",  "resume_from"};
  return std::ranges::count(kFree, field) > 0;
}

std::int64_t micro_batches_per_step(const CellConfig& cell) {
  return cell.ranks * cell.grad_accumulation;
}

std::filesystem::path checkpoint_folder(const CellConfig& cell,
                                        const std::filesystem::path& repetition_folder) {
  if (cell.checkpoint_folder.empty()) return repetition_folder / "checkpoints";
  return std::filesystem::path(cell.checkpoint_folder) / cell.id() / repetition_folder.filename();
}

}  // namespace moebench::config
