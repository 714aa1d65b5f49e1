#include "tools/moebench/tree_places.h"

namespace moebench::cli {

namespace fs = std::filesystem;

std::vector<fs::path> tree_places(const fs::path& relative) {
  std::vector<fs::path> places = {fs::current_path() / relative};
  for (fs::path at = fs::read_symlink("/proc/self/exe").parent_path(); at != at.root_path();
       at = at.parent_path()) {
    places.push_back(at / relative);
  }
  return places;
}

}  // namespace moebench::cli
