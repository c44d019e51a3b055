// What the program answers to the shell (EXIT STATUS in pith.1).
#pragma once

namespace pith::cli {

constexpr int kFailed = 1, kUsage = 2;
constexpr int kSomeFailed = 3;     ///< lines of a batch, each with its own error
constexpr int kInterrupted = 130;  ///< 128 + SIGINT

}  // namespace pith::cli
