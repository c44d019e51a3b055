#include "text/jinja.h"

#include "text/jinja_interpreter.h"

namespace pith::jinja {

std::string Template::render(const Environment& environment,
                             const std::function<Dict(Runtime&)>& make_context) const {
  Runtime rt(source_, environment);
  const Dict context = make_context(rt);
  return jinja::render(rt, block_, context);
}

}  // namespace pith::jinja
