#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace moebench::checkpoint {

// A folder of checkpoints holds step_<k> for each whole one, k = optimizer steps done, and
// step_<k>.<owner>.tmp for one that is being saved, or was when its process died; save_<owner>.lock
// tells which (save_owner.h). A name without .tmp appears by renaming alone, so what has it is
// whole; which one is the newest is read from the names, since a file that says so could be wrong.
inline constexpr const char* kManifestName = "manifest.json";
inline constexpr std::size_t kOwnerLength = 16;  // hexadecimal digits

std::filesystem::path step_folder(const std::filesystem::path& folder, std::int64_t step);
std::filesystem::path temporary_folder(const std::filesystem::path& folder, std::int64_t step,
                                       const std::string& owner);
std::filesystem::path lock_file(const std::filesystem::path& folder, const std::string& owner);

// Steps of the whole checkpoints, ascending; empty where there is no such folder.
std::vector<std::int64_t> saved_steps(const std::filesystem::path& folder);

// A temporary folder, and who saves there; the owner is empty where an older version left it.
struct UnfinishedSave {
  std::filesystem::path path;
  std::string owner;
};
std::vector<UnfinishedSave> unfinished_saves(const std::filesystem::path& folder);

// The owners of the lock files in it.
std::vector<std::string> save_owners(const std::filesystem::path& folder);

// The checkpoint that a user's path means: itself, or the newest one in it. Error where there is
// none.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);

// "resume from '.../step_4', the one before it" or what else to do about a damaged checkpoint; for
// the end of an error.
std::string remedy_for(const std::filesystem::path& checkpoint);

}  // namespace moebench::checkpoint
