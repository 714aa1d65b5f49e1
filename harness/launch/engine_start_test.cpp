#include "harness/launch/engine_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "harness/launch/process.h"
#include "harness/testing/error_of.h"
#include "harness/testing/shell_script.h"
#include "harness/testing/test_folder.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

using Variables = std::map<std::string, std::string>;

constexpr int kPort = 4242;

class EngineStartTest : public ::testing::Test {
 protected:
  EngineStartTest() {
    cell_.engine.name = "mine";
    cell_.engine.command = {"train", "--log={out}/{{x}}", "{port}"};
    cell_.ranks = 4;
    cell_.threads_per_rank = 3;
  }

  EngineStart start(const EnvironmentVariables& environment = {}) const {
    return engine_start(cell_, "/r", kPort, {}, environment, place_);
  }

  fs::path write_program(const std::string& name, const std::string& text) const {
    return write_shell_script(folder_.path() / name, text);
  }

  TestFolder folder_;
  config::CellConfig cell_;
  LaunchPlace place_;
};

TEST_F(EngineStartTest, WhatStartsTheRanksIsStartedAsItIs) {
  const EngineStart found = start();
  EXPECT_EQ(found.launch.launcher, Launcher::kDirect);
  EXPECT_THAT(found.launch.command, ElementsAre("train", "--log=/r/{x}", "4242"));
  EXPECT_THAT(found.rank_script, IsEmpty());
  EXPECT_THAT(found.launch.environment,
              ElementsAre(Pair("OMP_NUM_THREADS", "3"), Pair("MKL_NUM_THREADS", "3"),
                          Pair("MOEBENCH_EVENTS", "/r/events_{rank}.jsonl")));
}

TEST_F(EngineStartTest, ARankIsStartedByOurLauncherAndAScript) {
  cell_.engine.starts_ranks = false;
  cell_.ranks = 1;
  const EngineStart found = start();
  EXPECT_THAT(found.launch.command,
              ElementsAre("/bin/sh", "/r/rank.sh", "train", "--log=/r/{x}", "4242"));
  EXPECT_THAT(found.rank_script, HasSubstr("exec \"$@\""));
  EXPECT_THAT(found.launch.environment,
              IsSupersetOf({Pair("WORLD_SIZE", "1"), Pair("MASTER_PORT", "4242"),
                            Pair("MASTER_ADDR", "127.0.0.1"),
                            Pair("MOEBENCH_EVENTS", "/r/events_{rank}.jsonl")}));
}

TEST_F(EngineStartTest, OnOtherHostsTheFirstRanksAddressIsUnknownHere) {
  cell_.engine.starts_ranks = false;
  cell_.ranks = 1;
  place_.hosts = {.count = 2, .is_this_host = false, .source = "a test"};
  EXPECT_THAT(start().launch.environment, Not(Contains(Key("MASTER_ADDR"))));
}

// What somebody sets beats what we set for everybody, but not what the results hang on.
TEST_F(EngineStartTest, TheUsersEnvironmentWinsButForTheEvents) {
  cell_.engine.environment = {"OMP_NUM_THREADS=7", "LOG={out}/{{log}}", "ARM=engine", "EMPTY="};
  const EngineStart found =
      start({{"ARM", "arm"}, {"MOEBENCH_EVENTS", "elsewhere"}, {"MKL_NUM_THREADS", "5"}});
  EXPECT_THAT(found.launch.environment,
              UnorderedElementsAre(Pair("OMP_NUM_THREADS", "7"), Pair("MKL_NUM_THREADS", "5"),
                                   Pair("ARM", "arm"), Pair("LOG", "/r/{log}"), Pair("EMPTY", ""),
                                   Pair("MOEBENCH_EVENTS", "/r/events_{rank}.jsonl")));
}

TEST_F(EngineStartTest, ARankKnowsTheRunWhateverTheEnvironmentSays) {
  cell_.engine.starts_ranks = false;
  cell_.ranks = 1;
  const EngineStart found =
      start({{"WORLD_SIZE", "9"}, {"MASTER_PORT", "9"}, {"OMP_NUM_THREADS", "9"}});
  EXPECT_THAT(found.launch.environment,
              IsSupersetOf({Pair("WORLD_SIZE", "1"), Pair("MASTER_PORT", "4242"),
                            Pair("OMP_NUM_THREADS", "9")}));
}

// What a rank's program finds in its environment, beneath launchers that are played here.
class RankScript : public EngineStartTest {
 protected:
  RankScript() {
    cell_.engine.starts_ranks = false;
    cell_.ranks = 1;
    script_ = folder_.write("rank.sh", start().rank_script);
  }

  ProcessResult run(const EnvironmentVariables& launcher, const std::vector<std::string>& program) {
    ProcessOptions process;
    process.command = {"/usr/bin/env", "-i", "PATH=" + std::string(std::getenv("PATH"))};
    for (const auto& [name, value] : launcher) process.command.push_back(name + "=" + value);
    process.command.insert(process.command.end(), {"/bin/sh", script_.string()});
    process.command.insert(process.command.end(), program.begin(), program.end());
    process.stdout_path = folder_.path() / "stdout";
    process.stderr_path = folder_.path() / "stderr";
    return run_process(process);
  }

  Variables variables(EnvironmentVariables launcher) {
    launcher.insert(launcher.end(), {{"WORLD_SIZE", "4"}, {"MASTER_ADDR", "127.0.0.1"}});
    EXPECT_EQ(run(launcher, {"env"}).exit_code, 0) << read_file(folder_.path() / "stderr");
    Variables found;
    std::istringstream lines(read_file(folder_.path() / "stdout"));
    for (std::string line; std::getline(lines, line);) found.insert(config::split_pair(line));
    return found;
  }

  fs::path script_;
};

::testing::Matcher<Variables> is_place(const char* rank, const char* local_rank,
                                       const char* local_size, const char* node) {
  return IsSupersetOf({Pair("RANK", rank), Pair("LOCAL_RANK", local_rank),
                       Pair("LOCAL_WORLD_SIZE", local_size), Pair("NODE_RANK", node)});
}

TEST_F(RankScript, OfOpenMpi) {
  EXPECT_THAT(variables({{"OMPI_COMM_WORLD_RANK", "5"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}),
              is_place("5", "1", "2", "2"));
}

TEST_F(RankScript, OfSlurm) {
  EXPECT_THAT(variables({{"SLURM_PROCID", "5"},
                         {"SLURM_LOCALID", "1"},
                         {"SLURM_NODEID", "1"},
                         {"SLURM_STEP_TASKS_PER_NODE", "4(x2),1"}}),
              is_place("5", "1", "4", "1"));
}

// There Slurm's words are of the step that started mpirun's daemons.
TEST_F(RankScript, OfOpenMpiWithinSlurm) {
  EXPECT_THAT(variables({{"OMPI_COMM_WORLD_RANK", "3"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_LOCALID", "0"},
                         {"SLURM_NODEID", "0"},
                         {"SLURM_STEP_TASKS_PER_NODE", "1"}}),
              is_place("3", "1", "2", "1"));
}

TEST_F(RankScript, OfNoLauncher) { EXPECT_THAT(variables({}), is_place("0", "0", "1", "0")); }

TEST_F(RankScript, TheProgramGetsItsWordsAndItsExitCodeCounts) {
  const ProcessResult result =
      run({{"WORLD_SIZE", "1"}},
          {"/bin/sh", "-c", "printf '%s|' \"$@\"; exit 7", "sh", "a b", "*", ""});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(read_file(folder_.path() / "stdout"), "a b|*||");
}

TEST_F(RankScript, AsksSlurmWhereTheFirstRankIs) {
  write_program("scontrol", "echo \"first of $3\"; echo another");
  const std::string path = folder_.path().string() + ":" + std::getenv("PATH");
  const auto address_with = [&](EnvironmentVariables more) {
    more.insert(more.end(),
                {{"WORLD_SIZE", "2"}, {"SLURM_JOB_NODELIST", "n[7-9]"}, {"PATH", path}});
    run(more, {"/bin/sh", "-c", "echo $MASTER_ADDR"});
    return read_file(folder_.path() / "stdout");
  };
  EXPECT_EQ(address_with({}), "first of n[7-9]\n");
  EXPECT_EQ(address_with({{"SLURM_STEP_NODELIST", "n[8-9]"}}), "first of n[8-9]\n");
  EXPECT_EQ(address_with({{"SLURM_STEP_NODELIST", "n[8-9]"}, {"OMPI_COMM_WORLD_RANK", "0"}}),
            "first of n[7-9]\n")
      << "the step is of mpirun's daemons";
}

TEST_F(RankScript, WithoutAnAddressSeveralRanksDoNotStart) {
  EXPECT_EQ(run({{"WORLD_SIZE", "2"}}, {"/bin/sh", "-c", "exit 0"}).exit_code, 1);
  EXPECT_THAT(read_file(folder_.path() / "stderr"), HasSubstr("-x MASTER_ADDR=HOST"));
  run({{"WORLD_SIZE", "1"}}, {"/bin/sh", "-c", "echo $MASTER_ADDR"});
  EXPECT_EQ(read_file(folder_.path() / "stdout"), "127.0.0.1\n");
}

class CheckEngine : public EngineStartTest {
 protected:
  std::string error(const std::string& program) {
    cell_.engine.command = {program};
    return error_of([&] { check_engine(cell_.engine); });
  }
};

TEST_F(CheckEngine, AProgramIsAnExecutableFile) {
  EXPECT_EQ(error(write_program("train", "")), "no error");
  EXPECT_EQ(error("sh"), "no error");
  const std::string missing = (folder_.path() / "missing").string();
  EXPECT_EQ(error(missing), "engine 'mine': '" + missing +
                                "' is no executable file; correct the path in its command");
  EXPECT_THAT(error(folder_.write("text", "")), HasSubstr("is no executable file"));
  EXPECT_THAT(error(folder_.path()), HasSubstr("is no executable file"));
}

TEST_F(CheckEngine, ABareNameIsInPath) {
  EXPECT_EQ(error("no-such-trainer"),
            "engine 'mine': no program 'no-such-trainer' in PATH; install it, or write its path");
}

TEST_F(CheckEngine, AVirtualEnvironmentIsMadeFirst) {
  const fs::path venv = folder_.path() / "venv";
  EXPECT_THAT(error(venv / "bin" / "python"),
              HasSubstr("there is no virtual environment in '" + venv.string() + "': make it"));
  fs::create_directories(venv);
  EXPECT_THAT(error(venv / "bin" / "python"), EndsWith("correct the path in its command"));
}

TEST_F(CheckEngine, ItsVersionCommandIsCheckedToo) {
  cell_.engine.version = {"no-such-version"};
  EXPECT_THAT(error("sh"), HasSubstr("no program 'no-such-version' in PATH"));
}

TEST_F(CheckEngine, APathMayHaveBraces) {
  const std::string program = write_program("a{b}", "");
  EXPECT_EQ(error(folder_.path().string() + "/a{{b}}"), "no error") << program;
}

class EngineVersion : public EngineStartTest {
 protected:
  config::EngineConfig engine_with(const std::string& script) {
    cell_.engine.version = {write_program("version", script)};
    return cell_.engine;
  }
};

TEST_F(EngineVersion, IsWhatTheCommandPrintsOnOneLine) {
  EXPECT_EQ(engine_version(cell_.engine), "") << "none was named";
  cell_.engine.environment = {"RELEASE={{2}}"};
  EXPECT_EQ(engine_version(engine_with("echo trainer 1; echo torch $RELEASE; echo")),
            "trainer 1 torch {2}");
}

TEST_F(EngineVersion, IsAskedOnceForEachEnvironment) {
  config::EngineConfig engine =
      engine_with("echo asked >>" + (folder_.path() / "asked").string() + "; echo $A");
  engine.environment = {"A=1"};
  EXPECT_EQ(engine_version(engine), "1");
  EXPECT_EQ(engine_version(engine), "1");
  EXPECT_EQ(read_file(folder_.path() / "asked"), "asked\n");
  engine.environment = {"A=2"};
  EXPECT_EQ(engine_version(engine), "2");
}

TEST_F(EngineVersion, ACommandThatFailsIsAnErrorEachTime) {
  const config::EngineConfig engine = engine_with("echo no torch >&2; exit 3");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(error_of([&] { engine_version(engine); }),
                AllOf(HasSubstr("engine 'mine': its version command '"), HasSubstr("no torch")));
  }
  const config::EngineConfig killed = engine_with("kill -9 $$");
  EXPECT_THAT(error_of([&] { engine_version(killed); }), HasSubstr("failed"));
}

TEST_F(EngineStartTest, AnotherScriptOrVersionIsAnotherProgram) {
  const fs::path script = folder_.write("train.py", "1");
  cell_.engine.command = {"python3", script, "--lr", "1"};
  const std::string hash = engine_hash(cell_.engine);
  EXPECT_EQ(engine_hash(cell_.engine), hash);
  folder_.write("train.py", "2");
  EXPECT_NE(engine_hash(cell_.engine), hash);
  folder_.write("train.py", "1");
  EXPECT_EQ(engine_hash(cell_.engine), hash);
  cell_.engine.command.back() = "2";
  EXPECT_EQ(engine_hash(cell_.engine), hash) << "words are the cell's";
  cell_.engine.version = {write_program("version", "echo 2")};
  EXPECT_NE(engine_hash(cell_.engine), hash);
}

TEST(FreePort, IsOne) {
  const int port = free_port();
  EXPECT_GT(port, 1023);
  EXPECT_LT(port, 65536);
}

}  // namespace
}  // namespace moebench::launch
