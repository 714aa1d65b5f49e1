#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moebench::config {

// What messages between ranks may be required to travel by.
inline constexpr const char* kSharedMemory = "shm";
inline constexpr const char* kNvlink = "nvlink";
inline constexpr const char* kTcp = "tcp";  // or "tcp:eth0", by that interface
inline constexpr const char* kInfiniband = "ib";
inline constexpr const char* kEfa = "efa";

// What is wrong with a text that shall be one of these, with the remedy; "" where nothing is.
std::string transport_fault(std::string_view text);

// Whether it joins ranks of one host alone.
bool is_of_one_host(std::string_view transport);

}  // namespace moebench::config
