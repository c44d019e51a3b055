// Where the tests find data that others made and that is not part of this repository.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pith::test {

/// The shared data folder: $PITH_SHARED/data, or ../shared/data beside the source tree. Empty if absent.
inline std::filesystem::path shared_data() {
  const char* env = std::getenv("PITH_SHARED");
  std::filesystem::path root = env ? env : std::filesystem::path(PITH_SOURCE_DIR) / ".." / "shared";
  std::filesystem::path data = root / "data";
  return std::filesystem::is_directory(data) ? data : std::filesystem::path();
}

}  // namespace pith::test

/// Skips the current test, saying why, where the shared data is absent.
#define PITH_NEED_SHARED()                                                                       \
  if (::pith::test::shared_data().empty())                                                       \
    GTEST_SKIP() << "needs ../shared/data (or $PITH_SHARED/data), which is not here"
