#pragma once

#include <string_view>

// Files of this folder, which are part of the program.
namespace moebench::page {

std::string_view echarts_script();
std::string_view echarts_license();
std::string_view echarts_notice();
std::string_view figures_script();
std::string_view page_script();
std::string_view page_style();

}  // namespace moebench::page
