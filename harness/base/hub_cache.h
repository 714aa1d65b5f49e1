#pragma once

#include <filesystem>

namespace moebench {

// The Hugging Face cache holds a model as models--ORG--NAME: snapshots/COMMIT/ has the files of a
// commit as links into blobs/, and refs/main names the commit that was asked for last.

// The snapshot of refs/main where `folder` is such a models--ORG--NAME; any other path as it is.
// Error names the snapshots that there are, or how to download one, where refs/main names none.
std::filesystem::path snapshot_in(const std::filesystem::path& folder);

// Error names link, target and remedy where `path` is a link to what is not there: a blob that was
// removed, or whose download has not ended. Does nothing otherwise.
void refuse_dangling_link(const std::filesystem::path& path);

}  // namespace moebench
