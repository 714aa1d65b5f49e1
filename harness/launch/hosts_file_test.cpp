#include "harness/launch/hosts_file.h"

#include <gmock/gmock.h>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::launch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostsFile : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& content) const {
    const auto path = folder_.path() / "hosts";
    write_file_atomically(path, content);
    return path;
  }
  std::string error(const std::string& content) const {
    const auto path = file(content);
    return error_of([&] { read_hosts_file(path); });
  }

  TemporaryFolder folder_;
};

TEST_F(HostsFile, NamesHostsWithSlots) {
  EXPECT_THAT(
      read_hosts_file(file("# ours\n\nfast slots=4 max_slots=8\nb.example.org slots=2 # old\n")),
      ElementsAre(HostSlots{"fast", 4}, HostSlots{"b.example.org", 2}));
}

TEST_F(HostsFile, CountsTheLinesOfNamesWithoutSlots) {
  EXPECT_THAT(read_hosts_file(file("b\nb\na\nb\n")),
              ElementsAre(HostSlots{"b", 3}, HostSlots{"a", 1}));
}

TEST_F(HostsFile, ErrorsNameFileAndLine) {
  EXPECT_THAT(error("a slots=2\nb slot=2\n"),
              HasSubstr("hosts:2: unknown key 'slot'; did you mean 'slots'?"));
  EXPECT_THAT(error("a slots=none\n"), HasSubstr("hosts:1: 'none' is no number of slots"));
  EXPECT_THAT(error("a slots\n"), HasSubstr("hosts:1: '' is no number of slots"));
  EXPECT_THAT(error("a slots=0\n"), HasSubstr("'0' is no number of slots; use 1 to "));
  EXPECT_THAT(error("slots=2\n"), HasSubstr("hosts:1: 'slots=2' is no host"));
  EXPECT_THAT(error("a:2,b:2\n"), HasSubstr("hosts:1: 'a:2,b:2' is no host"));
  EXPECT_THAT(error("# nothing\n"), HasSubstr("hosts: names no host; write a line"));
}

TEST_F(HostsFile, AHostHasItsSlotsOnce) {
  const std::string twice = "hosts:3: host 'a' stands on line 1 too, and with other slots";
  EXPECT_THAT(error("a slots=2\nb\na slots=4\n"), HasSubstr(twice));
  EXPECT_THAT(error("a slots=2\nb\na\n"), HasSubstr(twice));
  EXPECT_THAT(error("a\nb\na slots=2\n"), HasSubstr(twice));
}

TEST_F(HostsFile, AMissingFileIsNamed) {
  const auto path = folder_.path() / "missing";
  EXPECT_THAT(error_of([&] { read_hosts_file(path); }), HasSubstr(path.string()));
}

}  // namespace
}  // namespace moebench::launch
