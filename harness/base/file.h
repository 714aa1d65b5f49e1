#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace moebench {

// What a text that people write may hold, such as a scenario file.
inline constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20;
// What any file may hold that is read as a whole; more is a mistake, not a use.
inline constexpr std::size_t kMaxFileBytes = std::size_t{4} << 30;

// Whole content of a regular file. Error names the path, what is wrong with it and the remedy: also
// for a folder, a device or a pipe, which may never end, and for more than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes = kMaxFileBytes);

// Writes a whole file, by the rules of OutputFile: readers see the old content or the new one,
// never a part; links, devices and FIFOs stay what they are. Error names the path and the system's
// reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Appends one line (a newline is added) in a single write and flushes it to disk.
void append_line(const std::filesystem::path& path, std::string_view line);

}  // namespace moebench
