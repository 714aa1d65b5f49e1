#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace moebench {

// A text that people write, such as a scenario file, may hold this many bytes.
inline constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20;
// A file that is read as a whole may hold this many bytes; more is a mistake, not a use.
inline constexpr std::size_t kMaxFileBytes = std::size_t{4} << 30;

// Reads a whole regular file. Error names the path, what is wrong with it and the remedy: also for
// a folder, a device or a pipe, which may never end, and for more than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t max_bytes = kMaxFileBytes);

// Writes a whole file, by the rules of OutputFile: readers see the old content or the new one,
// never a part; links, devices and FIFOs stay what they are. Error names the path and the system's
// reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Appends one line (a newline is added) in a single write and flushes it to disk.
void append_line(const std::filesystem::path& path, std::string_view line);

}  // namespace moebench
