#include "harness/machine/package_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench::machine {
namespace {

using ::testing::HasSubstr;

// A powercap of our own making, with a package of each count.
class Packages : public ::testing::Test {
 protected:
  void write(const std::string& zone, const std::string& name, std::uint64_t micro_joules) {
    const auto folder = folder_.path() / zone;
    std::filesystem::create_directories(folder);
    write_file_atomically(folder / "name", name + "\n");
    write_file_atomically(folder / "max_energy_range_uj", "1000000000\n");
    count(zone, micro_joules);
  }
  void count(const std::string& zone, std::uint64_t micro_joules) {
    write_file_atomically(folder_.path() / zone / "energy_uj", std::to_string(micro_joules) + "\n");
  }

  TemporaryFolder folder_;
};

TEST_F(Packages, EnergyIsTheSumOfAllPackages) {
  write("intel-rapl:0", "package-0", 5'000'000);
  write("intel-rapl:1", "package-1", 7'000'000);
  write("intel-rapl:0:0", "core", 1);          // part of package 0
  write("intel-rapl:2", "psys", 1);            // all of them
  write("intel-rapl-mmio:0", "package-0", 1);  // the same again
  PackageEnergy energy(folder_.path());
  EXPECT_EQ(energy.energy(), 0);
  count("intel-rapl:0", 6'500'000);
  count("intel-rapl:1", 8'000'000);
  count("intel-rapl:0:0", 900'000'000);
  count("intel-rapl:2", 900'000'000);
  count("intel-rapl-mmio:0", 900'000'000);
  EXPECT_EQ(energy.energy(), 2.5);
  EXPECT_EQ(energy.complaint(), "");
}

TEST_F(Packages, ACounterMayTurnOverSeveralTimes) {
  write("intel-rapl:0", "package-0", 999'000'000);
  PackageEnergy energy(folder_.path());
  count("intel-rapl:0", 1'000'000);
  EXPECT_EQ(energy.energy(), 2);
  count("intel-rapl:0", 900'000'000);
  EXPECT_EQ(energy.energy(), 901);
  count("intel-rapl:0", 0);
  EXPECT_EQ(energy.energy(), 1001);
}

TEST_F(Packages, SaysWhyThereIsNone) {
  PackageEnergy without(folder_.path());
  EXPECT_FALSE(without.energy());
  EXPECT_THAT(without.complaint(), HasSubstr("names no processor package"));
  EXPECT_THAT(PackageEnergy("/nowhere/powercap").complaint(), HasSubstr("names no processor"));

  write("intel-rapl:0", "package-0", 0);
  write_file_atomically(folder_.path() / "intel-rapl:0" / "energy_uj", "none\n");
  PackageEnergy broken(folder_.path());
  EXPECT_FALSE(broken.energy());
  EXPECT_THAT(broken.complaint(), HasSubstr("intel-rapl:0/energy_uj: it holds no number"));

  write("intel-rapl:0", "package-0", 0);
  PackageEnergy lost(folder_.path());
  std::filesystem::remove(folder_.path() / "intel-rapl:0" / "energy_uj");
  EXPECT_FALSE(lost.energy());
  EXPECT_THAT(lost.complaint(), HasSubstr("energy_uj: No such file"));
}

TEST_F(Packages, PowerIsThatOfTheMeasuredSteps) {
  write("intel-rapl:0", "package-0", 0);
  double now_s = 100;
  const SamplerClocks clocks{.wall_s = [&] { return now_s; }, .thread_cpu_s = [] { return 0.0; }};
  PackageWatch watch(folder_.path(), clocks);
  const auto at = [&](double seconds, std::uint64_t micro_joules) {
    now_s = 100 + seconds;
    count("intel-rapl:0", micro_joules);
    watch.tick();
  };
  at(11, 900'000'000);  // loading
  at(22, 100'000'000);  // it turned over
  watch.note_step();
  at(24, 160'000'000);
  watch.note_step();
  at(26, 180'000'000);
  watch.note_step();
  at(30, 700'000'000);  // the memory pass
  record::CellRecord record;
  watch.finish(record);
  EXPECT_EQ(record.value("package_power"), 20);
  EXPECT_EQ(record.value("process_package_energy"), 1700);
}

TEST_F(Packages, AWatchWithoutPackagesSaysSo) {
  PackageWatch watch(folder_.path());
  watch.note_step();
  record::CellRecord record;
  watch.finish(record);
  EXPECT_TRUE(record.metrics.empty());
  EXPECT_THAT(record.environment.at("package_energy_not_read"), HasSubstr("no processor package"));
}

}  // namespace
}  // namespace moebench::machine
