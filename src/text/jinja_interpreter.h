// Runs the syntax tree of a template.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_runtime.h"

namespace pith::jinja {

/// Renders `block` with the variables of `context`. Throws TemplateError.
std::string render(Runtime& rt, const Block& block, const Dict& context);

}  // namespace pith::jinja
