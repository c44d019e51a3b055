// Template text -> syntax tree, with the grammar of Python's jinja2 3.1 and its loopcontrols extension.
#pragma once

#include <string_view>

#include "text/jinja_ast.h"

namespace pith::jinja {

/// `source` is normalised (normalize_template). Throws TemplateError; also for tags that need other templates
/// (include, import, extends, block) and for nesting deeper than any sensible template's.
Block parse_template(std::string_view source);

}  // namespace pith::jinja
