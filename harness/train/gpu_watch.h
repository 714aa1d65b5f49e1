#pragma once

#include <optional>
#include <string>

#include "harness/measure/gpu_sampler.h"
#include "harness/record/record.h"

namespace moebench::train {

// Writes what was read of a GPU as metrics gpu_* and entries of the environment:
// harness/record/schema.md.
void write_gpu(const measure::GpuFacts& facts, const measure::GpuSummary& summary,
               record::RankResult& result);

// Watches this rank's GPU from construction to write(), so around the measured steps and nothing
// else: idle clocks would count too. A rank whose GPU cannot be watched trains all the same; the
// record then says why, and that nothing is known of throttling.
class GpuWatch {
 public:
  explicit GpuWatch(const std::string& pci_bus_id,
                    const std::string& library = measure::kNvmlLibrary);

  // Once.
  void write(record::RankResult& result);

 private:
  std::optional<measure::GpuSampler> sampler_;
  std::string complaint_;
};

}  // namespace moebench::train
