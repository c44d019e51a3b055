// Python's ways to format values: str.format, the % operator and strftime.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja_runtime.h"

namespace pith::jinja {

/// template.format(...)
std::string brace_format(Runtime& rt, std::string_view format, const Arguments& arguments);

/// format % values; a tuple holds several values, a dictionary named ones.
std::string percent_format(Runtime& rt, std::string_view format, const Value& values);

/// The time of the environment as datetime.strftime writes it. Directives that C and Python do not both know
/// are errors.
std::string format_now(Runtime& rt, std::string_view format);

/// round(value, digits) as Python rounds: the exact binary value, ties to even.
double round_real(double value, int digits);

}  // namespace pith::jinja
