// What pith throws.
#pragma once

#include <stdexcept>
#include <string>

namespace pith {

/// Everything that goes wrong because of the world outside the program: a missing or malformed file,
/// an unsupported model, too little memory. The message is one line: what, where, expected, found.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

/// A caller asked for something that cannot be meant (an option out of range, two that exclude each other).
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace pith
