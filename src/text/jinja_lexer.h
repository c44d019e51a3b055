// Splits a template into tokens as Jinja does with trim_blocks and lstrip_blocks on, as transformers sets it
// up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pith::jinja {

/// An error in a template or while rendering it; the message names line and column, both from 1.
class TemplateError : public Error {
 public:
  TemplateError(std::string_view message, std::size_t line, std::size_t column);
  std::size_t line, column;
};

/// Throws TemplateError for the place `offset` bytes into `source`. Columns count characters.
[[noreturn]] void fail_at(std::string_view source, std::size_t offset, std::string_view message);

struct Token {
  enum class Kind {
    kData,
    kExpressionBegin,
    kExpressionEnd,
    kTagBegin,
    kTagEnd,
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd
  };
  Kind kind;
  std::uint32_t offset;  ///< into the source, in bytes
  std::string text;      ///< of data, names, operators; of a string its value
  std::int64_t integer = 0;
  double real = 0;
};

/// `source` with the line ends "\r\n" and "\r" made "\n" and without one line end at its very end.
std::string normalize_template(std::string_view source);

/// The tokens of a normalised template; the last one is kEnd. Throws TemplateError.
std::vector<Token> tokenize_template(std::string_view source);

}  // namespace pith::jinja
