#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace moebench {

// Whole content of a file. Error names the path and the system's reason.
std::string read_file(const std::filesystem::path& path);

// Writes to a temporary name beside `path`, flushes to disk and renames: readers see the old
// content or the new one, never a part. Error names the path and the system's reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Appends one line (a newline is added) in a single write and flushes it to disk.
void append_line(const std::filesystem::path& path, std::string_view line);

}  // namespace moebench
