#pragma once

#include <filesystem>
#include <string>

namespace moebench::checkpoint {

// Tells the saves of several runs in one folder apart, and live ones from dead ones: a file
// save_<name>.lock that this process holds locked (flock) while its save is under way. The kernel
// drops the lock when the process ends, however it does.
class SaveOwner {
 public:
  // Makes and locks the file, under a random name. Error where `folder` cannot be written.
  explicit SaveOwner(const std::filesystem::path& folder);
  // Lets go of the lock; the file goes with it unless a temporary folder of this owner is left.
  ~SaveOwner();
  SaveOwner(const SaveOwner&) = delete;
  SaveOwner& operator=(const SaveOwner&) = delete;

  const std::string& name() const { return name_; }

 private:
  std::filesystem::path folder_;
  std::string name_;
  int fd_ = -1;
};

// Removes the temporary folders of saves whose process is gone, and their lock files. Where a lock
// cannot be asked for (a file system without flock) its owner counts as alive.
void remove_dead_saves(const std::filesystem::path& folder);

}  // namespace moebench::checkpoint
