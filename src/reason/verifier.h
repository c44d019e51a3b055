// A program of the user's that checks candidates (--verify): no shell, the candidate on its standard input,
// its exit status is the verdict.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

struct VerifierLimits {
  double seconds = 10;               ///< then the program and what it started is killed
  std::size_t output = 1024 * 1024;  ///< bytes of standard output, likewise
};

class Verifier {
 public:
  enum class Verdict { Passed, Failed, TimedOut, WroteTooMuch };

  /// The command's words; quotes and backslashes keep spaces as in a shell, nothing else is special. Throws
  /// UsageError: no words, an open quote, a program that is not there.
  explicit Verifier(std::string_view command, VerifierLimits limits = {});

  /// `final`: whether the candidate claims to be complete; the program finds "final" or "partial" in
  /// PITH_STATE, and the question in PITH_QUESTION. Exit status 0 passes; any other, or a signal, fails.
  /// Throws Error where the program cannot be started. Safe on several threads.
  Verdict check(std::string_view question, std::string_view candidate, bool final) const;

  const std::string& program() const { return words_.front(); }

 private:
  std::vector<std::string> words_;
  VerifierLimits limits_;
};

/// Splits a command line into words.
std::vector<std::string> split_command(std::string_view command);

}  // namespace pith
