// What templates do with values: truth, comparison, arithmetic, looking up, looping over, printing.
// Where Python raises an exception, so do these: a TemplateError at the current place.
#pragma once

#include "text/jinja_ast.h"
#include "text/jinja_runtime.h"

namespace pith::jinja {

bool is_true(Runtime& rt, const Value& value);
bool equal(Runtime& rt, const Value& a, const Value& b);
bool less(Runtime& rt, const Value& a, const Value& b);
bool compare(Runtime& rt, CompareOp op, const Value& a, const Value& b);
bool contains(Runtime& rt, const Value& container, const Value& item);

Value arithmetic(Runtime& rt, BinaryOp op, const Value& a, const Value& b);
Value unary(Runtime& rt, UnaryOp op, const Value& value);

/// str(value): what {{ value }} prints.
std::string to_text(Runtime& rt, const Value& value);
/// repr(value).
std::string to_repr(Runtime& rt, const Value& value);

/// The items that a loop over `value` visits; of a generator what is left of it, and it is empty afterwards.
Items iterate(Runtime& rt, const Value& value);
/// The characters of `text`, as parts of it.
std::vector<std::string_view> characters(Runtime& rt, std::string_view text);
/// len(value).
std::int64_t length(Runtime& rt, const Value& value);

/// value.name: a method or an attribute first, then a dictionary's item.
Value attribute(Runtime& rt, const Value& value, std::string_view name);
/// value[key]: an item first, then a method or an attribute.
Value subscript(Runtime& rt, const Value& value, const Value& key);
/// value[start:stop:step]; each bound may be none.
Value slice(Runtime& rt, const Value& value, const Value& start, const Value& stop, const Value& step);

Value call(Runtime& rt, const Value& callee, const Arguments& arguments);

/// Throws if the value is undefined, saying what was missing.
void require_defined(Runtime& rt, const Value& value);

}  // namespace pith::jinja
