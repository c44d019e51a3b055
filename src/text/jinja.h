// A template from its text to its rendering: what tests and ChatTemplate use of the interpreter.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/jinja_ast.h"
#include "text/jinja_lexer.h"
#include "text/jinja_parser.h"
#include "text/jinja_runtime.h"

namespace pith::jinja {

class Template {
 public:
  /// Throws TemplateError.
  explicit Template(std::string_view source)
      : source_(normalize_template(source)), block_(parse_template(source_)) {}

  /// `make_context` gives the variables. Throws TemplateError.
  std::string render(const Environment& environment, const std::function<Dict(Runtime&)>& make_context) const;

 private:
  std::string source_;
  Block block_;
};

}  // namespace pith::jinja
