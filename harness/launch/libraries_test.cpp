#include "harness/launch/libraries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

const fs::path kTorch = MOEBENCH_FAKE_TORCH;
constexpr const char* kCached = "moebench/torch-" MOEBENCH_TORCH_VERSION;

// A worker of its own for each test, since each is asked once; and no home but the test's.
class LibrariesTest : public ::testing::Test {
 protected:
  LibrariesTest() {
    fs::copy_file(MOEBENCH_FAKE_TORCH_WORKER, worker_);
    ::unsetenv("XDG_CACHE_HOME");
    ::unsetenv("MOEBENCH_TORCH_ROOT");
    ::setenv("HOME", folder_.path().c_str(), 1);
  }
  ~LibrariesTest() override {
    for (const char* name : {"XDG_CACHE_HOME", "MOEBENCH_TORCH_ROOT"}) ::unsetenv(name);
    if (home_) ::setenv("HOME", home_->c_str(), 1);
  }

  std::string error() const {
    return error_of([&] { library_environment(worker_); });
  }
  void expect_found_in(const fs::path& root) const {
    EXPECT_THAT(library_environment(worker_),
                ElementsAre(Pair("LD_LIBRARY_PATH", StartsWith(root / "torch/lib"))));
  }

  std::optional<std::string> home_ = std::getenv("HOME") != nullptr
                                         ? std::optional<std::string>(std::getenv("HOME"))
                                         : std::nullopt;
  TemporaryFolder folder_;
  fs::path worker_ = folder_.path() / "bin-worker";
};

TEST_F(LibrariesTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(missing_libraries(worker_), ElementsAre("libtorch_cpu.so"));
  EXPECT_THAT(missing_libraries(worker_, kTorch / "torch/lib"), IsEmpty());
}

TEST_F(LibrariesTest, AScriptAndAProgramThatFindsThemNeedNothing) {
  const fs::path script = folder_.path() / "script";
  write_file_atomically(script, "#!/bin/sh\n");
  EXPECT_THAT(library_environment(script), IsEmpty());
  EXPECT_THAT(library_environment(fs::read_symlink("/proc/self/exe")), IsEmpty());
}

TEST_F(LibrariesTest, WithoutLibtorchTheRemedyIsSaid) {
  EXPECT_THAT(error(), AllOf(HasSubstr("bin-worker' needs libtorch " MOEBENCH_TORCH_VERSION),
                             HasSubstr((folder_.path() / ".cache" / kCached).string()),
                             HasSubstr("setup --torch"), HasSubstr("MOEBENCH_TORCH_ROOT")));
}

TEST_F(LibrariesTest, TheVariableNamesLibtorch) {
  ::setenv("MOEBENCH_TORCH_ROOT", folder_.path().c_str(), 1);
  EXPECT_THAT(error(), HasSubstr("holds no torch/lib/libtorch_cpu.so"));
  ::setenv("MOEBENCH_TORCH_ROOT", kTorch.c_str(), 1);
  expect_found_in(kTorch);
}

TEST_F(LibrariesTest, TheCacheFolderHoldsLibtorch) {
  const fs::path cached = folder_.path() / "cache" / kCached;
  fs::create_directories(cached.parent_path());
  fs::create_directory_symlink(kTorch, cached);
  ::setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1);
  expect_found_in(cached);
}

TEST_F(LibrariesTest, TheCacheFolderOfAHomeDoesToo) {
  const fs::path cached = folder_.path() / ".cache" / kCached;
  fs::create_directories(cached.parent_path());
  fs::create_directory_symlink(kTorch, cached);
  expect_found_in(cached);
}

TEST_F(LibrariesTest, FoldersOfOtherLibrariesCountAndStay) {
  const fs::path root = folder_.path() / "root";
  fs::create_directories(root / "nvidia/cu13/lib");
  fs::create_directory_symlink(kTorch / "torch", root / "torch");
  ::setenv("MOEBENCH_TORCH_ROOT", root.c_str(), 1);
  ::setenv("LD_LIBRARY_PATH", "/others", 1);
  const EnvironmentVariables environment = library_environment(worker_);
  ::unsetenv("LD_LIBRARY_PATH");
  const std::string path = root.string() + "/torch/lib:" + root.string() + "/nvidia/cu13/lib";
  EXPECT_THAT(environment, ElementsAre(Pair("LD_LIBRARY_PATH", path + ":/others")));
}

}  // namespace
}  // namespace moebench::launch
