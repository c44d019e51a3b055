// The tests of templates: {{ value is NAME }}.
#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_operations.h"
#include "text/jinja_strings.h"

namespace pith::jinja {
namespace {

template <CompareOp op>
Value compares(Runtime& rt, const Value& value, const Args& args) {
  return compare(rt, op, value, args[0]);
}

/// value % divisor of integers, as the tests odd, even and divisibleby need it.
std::int64_t remainder(Runtime& rt, const Value& value, const Value& divisor) {
  require_defined(rt, value);
  if (!value.is_integral() || !divisor.is_integral()) {
    rt.fail("only integers have a remainder, not {} and {}", type_name(value), type_name(divisor));
  }
  return arithmetic(rt, BinaryOp::kModulo, value, divisor).integer();
}

bool is_iterable(const Value& value) {
  return value.is_undefined() || value.text() || value.items() || value.dict() || value.iterable();
}

bool is_sequence(const Value& value) {
  const Iterable* iterable = value.iterable();
  return is_iterable(value) && (!iterable || iterable->type == "range");
}

Value same_as(Runtime& rt, const Value& value, const Args& args) {
  const Value& other = args[0];
  if (value.storage().index() != other.storage().index()) return false;
  if (value.items()) return value.items() == other.items();
  if (value.dict()) return value.dict() == other.dict();
  return equal(rt, value, other);
}

constexpr Builtin kTests[] = {
    {"boolean", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is<bool>(); }},
    {"callable", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.object() && v.object()->callable(); }},
    {"defined", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return !v.is_undefined(); }},
    {"divisibleby", "num", 1,
     [](Runtime& rt, const Value& v, const Args& args) -> Value { return remainder(rt, v, args[0]) == 0; }},
    {"escaped", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.text() && v.get<Text>()->markup; }},
    {"even", "", 0,
     [](Runtime& rt, const Value& v, const Args&) -> Value {
       return remainder(rt, v, std::int64_t{2}) == 0;
     }},
    {"odd", "", 0,
     [](Runtime& rt, const Value& v, const Args&) -> Value {
       return remainder(rt, v, std::int64_t{2}) == 1;
     }},
    {"false", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.is<bool>() && !v.integer(); }},
    {"true", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.is<bool>() && v.integer(); }},
    {"filter", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.text() && find_filter(*v.text()); }},
    {"test", "", 0,
     [](Runtime&, const Value& v, const Args&) -> Value { return v.text() && find_test(*v.text()); }},
    {"float", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is<double>(); }},
    {"integer", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is<std::int64_t>(); }},
    {"number", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is_number(); }},
    {"iterable", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return is_iterable(v); }},
    {"sequence", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return is_sequence(v); }},
    {"mapping", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.dict() != nullptr; }},
    {"none", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is_none(); }},
    {"string", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.text() != nullptr; }},
    {"undefined", "", 0, [](Runtime&, const Value& v, const Args&) -> Value { return v.is_undefined(); }},
    {"lower", "", 0,
     [](Runtime& rt, const Value& v, const Args&) -> Value { return all_cased(to_text(rt, v), false); }},
    {"upper", "", 0,
     [](Runtime& rt, const Value& v, const Args&) -> Value { return all_cased(to_text(rt, v), true); }},
    {"sameas", "other", 1, same_as},
    {"in", "seq", 1,
     [](Runtime& rt, const Value& v, const Args& args) -> Value { return contains(rt, args[0], v); }},
    {"eq", "other", 1, compares<CompareOp::kEqual>},
    {"equalto", "other", 1, compares<CompareOp::kEqual>},
    {"==", "other", 1, compares<CompareOp::kEqual>},
    {"ne", "other", 1, compares<CompareOp::kNotEqual>},
    {"!=", "other", 1, compares<CompareOp::kNotEqual>},
    {"lt", "other", 1, compares<CompareOp::kLess>},
    {"lessthan", "other", 1, compares<CompareOp::kLess>},
    {"<", "other", 1, compares<CompareOp::kLess>},
    {"le", "other", 1, compares<CompareOp::kLessEqual>},
    {"<=", "other", 1, compares<CompareOp::kLessEqual>},
    {"gt", "other", 1, compares<CompareOp::kGreater>},
    {"greaterthan", "other", 1, compares<CompareOp::kGreater>},
    {">", "other", 1, compares<CompareOp::kGreater>},
    {"ge", "other", 1, compares<CompareOp::kGreaterEqual>},
    {">=", "other", 1, compares<CompareOp::kGreaterEqual>},
};

}  // namespace

const std::span<const Builtin> tables::tests = kTests;

}  // namespace pith::jinja
