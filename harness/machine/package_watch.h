#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/machine/process_sampler.h"
#include "harness/record/record.h"

namespace moebench::machine {

inline constexpr const char* kPowercap = "/sys/class/powercap";

// Counts the energy of this host's processor packages by RAPL's counters, as Linux's powercap
// offers them, from construction on. The counters turn over, within minutes on a large package:
// energy() is to be called more often than that.
class PackageEnergy {
 public:
  explicit PackageEnergy(const std::filesystem::path& powercap = kPowercap);

  // Joules of all packages since construction; nothing where not every one can be read.
  std::optional<double> energy();

  // Why there is no energy; empty where there is.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Package {
    std::filesystem::path counter;  // micro-joules
    std::uint64_t turns_over_at = 0;
    std::uint64_t last = 0;
    double joules = 0;
  };

  void find(const std::filesystem::path& powercap);
  std::optional<std::uint64_t> read(const std::filesystem::path& file);

  std::vector<Package> packages_;
  std::string complaint_;
};

// Watches the packages over a run, by whomever they are used; the metrics' meaning is in
// harness/record/schema.md.
class PackageWatch {
 public:
  explicit PackageWatch(const std::filesystem::path& powercap = kPowercap,
                        SamplerClocks clocks = system_clocks());

  // A few times a second.
  void tick();
  // As often as a measured step has ended.
  void note_step();
  // Writes the metrics, or why there are none into the environment.
  void finish(record::CellRecord& record);

 private:
  struct Reading {
    double at_s;
    double joules;
  };
  std::optional<Reading> read();

  PackageEnergy energy_;
  SamplerClocks clocks_;
  double read_at_s_ = 0;
  std::optional<Reading> first_step_, last_step_;
};

}  // namespace moebench::machine
