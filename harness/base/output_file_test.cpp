#include "harness/base/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/system_error.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

class OutputFileTest : public ::testing::Test {
 protected:
  fs::path path(const char* name) const { return folder_.path() / name; }
  std::ptrdiff_t num_entries() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
  }

  TemporaryFolder folder_;
};

TEST_F(OutputFileTest, LeavesNothingWithoutCommit) {
  write_file_atomically(path("a"), "old");
  {
    OutputFile file(path("a"));
    file.append("new");
    EXPECT_EQ(read_file(path("a")), "old");
  }
  EXPECT_EQ(read_file(path("a")), "old");
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(OutputFileTest, ReplacesWhatALinkLeadsTo) {
  fs::create_directories(path("below"));
  write_file_atomically(path("below/real"), "old");
  fs::create_symlink("below/real", path("link"));
  fs::create_symlink("link", path("link to link"));
  fs::create_symlink("below/none yet", path("dangling"));
  write_file_atomically(path("link to link"), "new");
  write_file_atomically(path("dangling"), "first");
  EXPECT_EQ(read_file(path("below/real")), "new");
  EXPECT_EQ(read_file(path("below/none yet")), "first");
  for (const char* link : {"link", "link to link", "dangling"}) {
    EXPECT_TRUE(fs::is_symlink(path(link))) << link;
  }
  EXPECT_EQ(num_entries(), 4);

  fs::create_symlink("circle", path("circle"));
  EXPECT_THAT(error_of([&] { write_file_atomically(path("circle"), "x"); }),
              AllOf(HasSubstr("circle"), HasSubstr("symbolic links")));
}

TEST_F(OutputFileTest, WritesThroughFifosAndDescriptors) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", path("link"));
  std::string received;
  std::thread reader([&] {
    const int fd = ::open(path("pipe").c_str(), O_RDONLY);
    for (char c = 0; received.size() < 7;) {
      if (::read(fd, &c, 1) == 1) received += c;
    }
    ::close(fd);
  });
  write_file_atomically(path("pipe"), "one,");
  write_file_atomically(path("link"), "two");
  reader.join();
  EXPECT_EQ(received, "one,two");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_THAT(error_of([&] { write_file_atomically(path("pipe"), "x"); }),
              HasSubstr("nobody reads from this FIFO"));

  // A descriptor keeps its place in its file, as /dev/stdout must.
  const int fd = ::open(path("log").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::write(fd, "before,", 7), 7);
  write_file_atomically("/proc/self/fd/" + std::to_string(fd), "between,");
  write_file_atomically("/dev/fd/" + std::to_string(fd), "more,");
  ASSERT_EQ(::write(fd, "after", 5), 5);
  ::close(fd);
  EXPECT_EQ(read_file(path("log")), "before,between,more,after");
  EXPECT_EQ(num_entries(), 3);
}

TEST_F(OutputFileTest, WritesThroughDevices) {
  if (::mknod(path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) {
    GTEST_SKIP() << "no right to make a device";
  }
  write_file_atomically(path("null"), "x");
  EXPECT_TRUE(fs::is_character_file(path("null")));
  ASSERT_EQ(::mknod(path("full").c_str(), S_IFCHR | 0600, makedev(1, 7)), 0);
  EXPECT_THROW(write_file_atomically(path("full"), "x"), SystemError);
  EXPECT_THROW(append_line(path("full"), "x"), SystemError);
  append_line(path("null"), "x");
  EXPECT_EQ(num_entries(), 2);
}

TEST_F(OutputFileTest, KeepsPermissions) {
  write_file_atomically(path("a"), "old");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);
  write_file_atomically(path("a"), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(OutputFileTest, TakesTheLongestNameThatThereIs) {
  const std::string name(255, 'n');
  write_file_atomically(path(name.c_str()), "x");
  EXPECT_EQ(read_file(path(name.c_str())), "x");
  EXPECT_THAT(error_of([&] { write_file_atomically(path((name + "n").c_str()), "x"); }),
              HasSubstr("too long"));
}

TEST_F(OutputFileTest, WhatTheUserNamedWronglyIsNoFailureOfTheSystem) {
  fs::create_directories(path("folder"));
  write_file_atomically(path("file"), "x");
  for (const char* name : {"folder", "folder/", "none/a", "none/", "file/a"}) {
    try {
      write_file_atomically(path(name), "x");
      ADD_FAILURE() << name;
    } catch (const SystemError& error) {
      ADD_FAILURE() << error.what();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("cannot write '" + path(name).string() + "': "));
    }
  }
  EXPECT_EQ(num_entries(), 2);
}

TEST_F(OutputFileTest, TwoMayBeWrittenAtOnce) {
  OutputFile one(path("a")), other(path("a"));
  one.append("one");
  other.append("other");
  other.commit();
  one.commit();
  EXPECT_EQ(read_file(path("a")), "one");
  EXPECT_EQ(num_entries(), 1);
}

TEST_F(OutputFileTest, WritesAllWhereADescriptorDoesNotWait) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_NONBLOCK), 0);
  const std::string text(1 << 20, 'x');
  std::size_t received = 0;
  std::thread reader([&] {
    std::string buffer(1 << 16, ' ');
    for (ssize_t count = 1; count != 0;) {
      count = ::read(pipe[0], buffer.data(), buffer.size());
      if (count > 0) received += static_cast<std::size_t>(count);
    }
  });
  write_all(pipe[1], std::as_bytes(std::span(text)), "the pipe");
  ::close(pipe[1]);
  reader.join();
  ::close(pipe[0]);
  EXPECT_EQ(received, text.size());
}

}  // namespace
}  // namespace moebench
