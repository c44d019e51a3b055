#include "text/jinja_operations.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/jinja_builtins.h"
#include "text/jinja_format.h"
#include "text/jinja_json.h"
#include "text/jinja_strings.h"

namespace pith::jinja {
namespace {

std::string_view text_of(const Value& value) { return *value.text(); }

/// Counts what has to be read of two values to compare them, their items not included.
void count_comparison(Runtime& rt, const Value& a, const Value& b) {
  rt.work(a.text() && b.text() ? std::min(a.text()->size(), b.text()->size()) : 0);
}

bool equal_items(Runtime& rt, const Items& a, const Items& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(rt, a[i], b[i])) return false;
  }
  return true;
}

bool equal_dicts(Runtime& rt, const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = rt.find(b, key);
    if (!other || !equal(rt, value, *other)) return false;
  }
  return true;
}

}  // namespace

void require_defined(Runtime& rt, const Value& value) {
  if (const Undefined* undefined = value.get<Undefined>()) {
    rt.fail("{}", undefined->why ? std::string_view(*undefined->why) : "a value is undefined");
  }
}

bool is_true(Runtime&, const Value& value) {
  if (value.is_number()) return value.real() != 0;
  if (const std::string* text = value.text()) return !text->empty();
  if (const Items* items = value.items()) return !items->empty();
  if (const Dict* dict = value.dict()) return !dict->entries.empty();
  if (const Iterable* iterable = value.iterable()) return iterable->generator || !iterable->items.empty();
  return value.object() != nullptr;  // undefined and none are false
}

bool equal(Runtime& rt, const Value& a, const Value& b) {
  count_comparison(rt, a, b);
  if (a.is_number() && b.is_number()) {
    const bool nan = std::isnan(a.real()) || std::isnan(b.real());
    return !nan && !KeyLess()(a, b) && !KeyLess()(b, a);
  }
  if (a.text() && b.text()) return *a.text() == *b.text();
  if (a.storage().index() != b.storage().index()) return false;
  if (a.items()) return equal_items(rt, *a.items(), *b.items());
  if (a.dict()) return equal_dicts(rt, *a.dict(), *b.dict());
  if (a.iterable()) {
    if (a.iterable() == b.iterable()) return true;
    const bool comparable = !a.iterable()->generator && a.iterable()->type == b.iterable()->type;
    return comparable && equal_items(rt, a.iterable()->items, b.iterable()->items);
  }
  return a.object() == b.object();
}

bool less(Runtime& rt, const Value& a, const Value& b) {
  require_defined(rt, a);
  require_defined(rt, b);
  count_comparison(rt, a, b);
  if (a.is_number() && b.is_number()) {
    return !std::isnan(a.real()) && !std::isnan(b.real()) && KeyLess()(a, b);
  }
  if (a.text() && b.text()) return *a.text() < *b.text();  // UTF-8 sorts like code points
  if (a.items() && a.storage().index() == b.storage().index()) {
    const Items &x = *a.items(), &y = *b.items();
    for (std::size_t i = 0; i < x.size() && i < y.size(); ++i) {
      if (!equal(rt, x[i], y[i])) return less(rt, x[i], y[i]);
    }
    return x.size() < y.size();
  }
  rt.fail("'<' is not supported between {} and {}", type_name(a), type_name(b));
}

bool compare(Runtime& rt, CompareOp op, const Value& a, const Value& b) {
  const auto is_nan = [](const Value& v) { return v.is<double>() && std::isnan(v.real()); };
  const bool nan = is_nan(a) || is_nan(b);
  switch (op) {
    case CompareOp::kEqual: return equal(rt, a, b);
    case CompareOp::kNotEqual: return !equal(rt, a, b);
    case CompareOp::kLess: return less(rt, a, b);
    case CompareOp::kLessEqual: return !less(rt, b, a) && !nan;
    case CompareOp::kGreater: return less(rt, b, a);
    case CompareOp::kGreaterEqual: return !less(rt, a, b) && !nan;
    case CompareOp::kIn: return contains(rt, b, a);
    case CompareOp::kNotIn: return !contains(rt, b, a);
  }
  return false;
}

bool contains(Runtime& rt, const Value& container, const Value& item) {
  if (container.text()) {
    require_defined(rt, item);
    if (!item.text()) rt.fail("'in <string>' requires string as left operand, not {}", type_name(item));
    rt.work(text_of(container).size() + text_of(item).size());
    return find_text(text_of(container), text_of(item)) != std::string_view::npos;
  }
  if (const Dict* dict = container.dict()) {
    if (!rt.hashable(item)) rt.fail("a {} cannot be the key of a dictionary", type_name(item));
    return rt.find(*dict, item) != nullptr;
  }
  for (const Value& other : iterate(rt, container)) {
    if (rt.javascript() && other.is<bool>() != item.is<bool>()) continue;
    if (equal(rt, other, item)) return true;
  }
  return false;
}

// --- arithmetic ---

namespace {

constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**"};

std::int64_t integer_power(Runtime& rt, std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  bool overflow = false;
  while (exponent > 0) {
    if (exponent & 1) overflow |= __builtin_mul_overflow(result, base, &result);
    exponent >>= 1;
    if (exponent > 0) overflow |= __builtin_mul_overflow(base, base, &base);
  }
  if (overflow) rt.fail("integer overflow: the result does not fit in 64 bits");
  return result;
}

Value integer_arithmetic(Runtime& rt, BinaryOp op, std::int64_t a, std::int64_t b) {
  const bool divides = op == BinaryOp::kDivide || op == BinaryOp::kFloorDivide || op == BinaryOp::kModulo;
  if (divides && b == 0) rt.fail("division by zero");
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOp::kAdd: overflow = __builtin_add_overflow(a, b, &result); break;
    case BinaryOp::kSubtract: overflow = __builtin_sub_overflow(a, b, &result); break;
    case BinaryOp::kMultiply: overflow = __builtin_mul_overflow(a, b, &result); break;
    case BinaryOp::kDivide: return static_cast<double>(a) / static_cast<double>(b);
    case BinaryOp::kFloorDivide:
      if (b == -1) {
        overflow = __builtin_sub_overflow(std::int64_t{0}, a, &result);
      } else {
        result = a / b - (a % b != 0 && (a < 0) != (b < 0));
      }
      break;
    case BinaryOp::kModulo:
      result = b == -1 ? 0 : a % b;
      if (result != 0 && (result < 0) != (b < 0)) result += b;
      break;
    case BinaryOp::kPower:
      if (b >= 0) return integer_power(rt, a, b);
      if (a == 0) rt.fail("0.0 cannot be raised to a negative power");
      return std::pow(static_cast<double>(a), static_cast<double>(b));
  }
  if (overflow) rt.fail("integer overflow: the result does not fit in 64 bits");
  return result;
}

Value real_arithmetic(Runtime& rt, BinaryOp op, double a, double b) {
  const bool divides = op == BinaryOp::kDivide || op == BinaryOp::kFloorDivide || op == BinaryOp::kModulo;
  if (divides && b == 0) rt.fail("float division by zero");
  double remainder = 0;
  if (op == BinaryOp::kFloorDivide || op == BinaryOp::kModulo) {
    remainder = std::fmod(a, b);
    if (remainder != 0 && (remainder < 0) != (b < 0)) {
      remainder += b;
    } else if (remainder == 0) {
      remainder = std::copysign(0.0, b);
    }
  }
  switch (op) {
    case BinaryOp::kAdd: return a + b;
    case BinaryOp::kSubtract: return a - b;
    case BinaryOp::kMultiply: return a * b;
    case BinaryOp::kDivide: return a / b;
    case BinaryOp::kModulo: return remainder;
    case BinaryOp::kFloorDivide: {
      const double quotient = (a - remainder) / b;
      const double floored = std::floor(quotient);
      return quotient - floored > 0.5 ? floored + 1 : floored;
    }
    case BinaryOp::kPower:
      if (a == 0 && b < 0) rt.fail("0.0 cannot be raised to a negative power");
      if (a < 0 && std::isfinite(b) && b != std::floor(b)) rt.fail("complex numbers are not supported");
      return std::pow(a, b);
  }
  return {};
}

Value repeat(Runtime& rt, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  const auto check = [&](std::size_t size, std::size_t limit) {
    if (size > 0 && count > limit / size) rt.fail("stopped: it repeats a value too often ({} times)", times);
  };
  if (const std::string* text = value.text()) {
    check(text->size(), rt.limits().text);
    rt.work(text->size() * count);
    std::string out;
    for (std::size_t i = 0; i < count && !text->empty(); ++i) rt.append(out, *text);
    return rt.text(out, value.get<Text>()->markup);
  }
  const Items& items = *value.items();
  check(items.size(), rt.limits().memory / sizeof(Value));
  rt.take_memory(items.size() * count * sizeof(Value));
  rt.work(items.size() * count * sizeof(Value));
  Items out;
  for (std::size_t i = 0; i < count && !items.empty(); ++i) out.insert(out.end(), items.begin(), items.end());
  return value.is<ListPtr>() ? rt.list(std::move(out)) : rt.tuple(std::move(out));
}

/// Text of which one may be markup: then what is not is escaped, and the sum is markup.
Value add_texts(Runtime& rt, const Value& a, const Value& b) {
  const bool markup = a.get<Text>()->markup || b.get<Text>()->markup;
  std::string out;
  for (const Value* part : {&a, &b}) {
    rt.append(out, markup && !part->get<Text>()->markup ? escape_html(text_of(*part)) : text_of(*part));
  }
  return rt.text(out, markup);
}

Value join_lists(Runtime& rt, const Value& a, const Value& b) {
  rt.take_memory((a.items()->size() + b.items()->size()) * sizeof(Value));
  Items out = *a.items();
  out.insert(out.end(), b.items()->begin(), b.items()->end());
  return a.is<ListPtr>() ? rt.list(std::move(out)) : rt.tuple(std::move(out));
}

}  // namespace

Value arithmetic(Runtime& rt, BinaryOp op, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return integer_arithmetic(rt, op, a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return real_arithmetic(rt, op, a.real(), b.real());
  if (op == BinaryOp::kModulo && a.text()) return rt.text(percent_format(rt, text_of(a), b));
  if (op == BinaryOp::kAdd) {
    if (a.text() && b.text()) return add_texts(rt, a, b);
    if (rt.javascript() && (a.text() || b.text())) {
      std::string out = to_text(rt, a);
      rt.append(out, to_text(rt, b));
      return rt.text(out);
    }
    if (a.items() && a.storage().index() == b.storage().index()) return join_lists(rt, a, b);
  }
  if (op == BinaryOp::kMultiply) {
    if ((a.text() || a.items()) && b.is_integral()) return repeat(rt, a, b.integer());
    if ((b.text() || b.items()) && a.is_integral()) return repeat(rt, b, a.integer());
  }
  require_defined(rt, a);
  require_defined(rt, b);
  rt.fail("unsupported operands for {}: {} and {}", kSigns[static_cast<std::size_t>(op)], type_name(a),
          type_name(b));
}

Value unary(Runtime& rt, UnaryOp op, const Value& value) {
  if (op == UnaryOp::kNot) return !is_true(rt, value);
  require_defined(rt, value);
  if (!value.is_number()) rt.fail("a {} has no sign", type_name(value));
  if (value.is<double>()) return op == UnaryOp::kNegate ? -value.real() : value.real();
  return integer_arithmetic(rt, op == UnaryOp::kNegate ? BinaryOp::kSubtract : BinaryOp::kAdd, 0,
                            value.integer());
}

// --- printing ---

namespace {

/// Appends str(), repr() or JavaScript's JSON-like form of values.
class Printer {
 public:
  explicit Printer(Runtime& rt) : rt_(rt) {}

  void repr(const Value& value) {
    rt_.work();
    if (const std::string* text = value.text()) {
      put(rt_.javascript() ? quote_json(*text, false) : repr_text(*text));
    } else if (value.is<ListPtr>() || (rt_.javascript() && value.is<TuplePtr>())) {
      sequence("[", *value.items(), "]");
    } else if (value.is<TuplePtr>()) {
      sequence("(", *value.items(), value.items()->size() == 1 ? ",)" : ")");
    } else if (const Dict* d = value.dict()) {
      dict(*d);
    } else if (const Iterable* iterable = value.iterable()) {
      view(*iterable);
    } else if (value.object()) {
      rt_.fail("a {} cannot be printed", type_name(value));
    } else {
      put(scalar(value));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void put(std::string_view text) { rt_.append(out_, text); }

  std::string scalar(const Value& value) const {
    const bool js = rt_.javascript();
    if (const bool* b = value.get<bool>()) return js ? (*b ? "true" : "false") : (*b ? "True" : "False");
    if (value.is_none()) return js ? "null" : "None";
    if (value.is_undefined()) return js ? "undefined" : "Undefined";
    if (value.is<double>()) return repr_real(value.real());
    return std::to_string(value.integer());
  }

  void sequence(std::string_view open, const Items& items, std::string_view close) {
    put(open);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(", ");
      repr(items[i]);
    }
    put(close);
  }

  void dict(const Dict& d) {
    put("{");
    for (std::size_t i = 0; i < d.entries.size(); ++i) {
      if (i > 0) put(", ");
      repr(d.entries[i].first);
      put(": ");
      repr(d.entries[i].second);
    }
    put("}");
  }

  void view(const Iterable& iterable) {
    if (iterable.generator || iterable.type == "range") {
      rt_.fail("a {} cannot be printed; the filter 'list' makes a list of it", iterable.type);
    }
    put(iterable.type);
    sequence("([", iterable.items, "])");
  }

  Runtime& rt_;
  std::string out_;
};

}  // namespace

std::string to_repr(Runtime& rt, const Value& value) {
  Printer printer(rt);
  printer.repr(value);
  return printer.take();
}

std::string to_text(Runtime& rt, const Value& value) {
  if (value.is_undefined()) return "";
  if (const std::string* text = value.text()) {
    rt.take_memory(text->size());
    return *text;
  }
  return to_repr(rt, value);
}

// --- looking into values ---

std::vector<std::string_view> characters(Runtime& rt, std::string_view text) {
  rt.take_memory(text.size() * sizeof(std::string_view));
  rt.work(text.size());
  return split_chars(text);
}

Items iterate(Runtime& rt, const Value& value) {
  if (value.is_undefined()) return {};
  Items out;
  const auto copy = [&](const Items& items, std::size_t from) {
    rt.take_memory((items.size() - from) * sizeof(Value));
    rt.work((items.size() - from) * sizeof(Value));
    out.assign(items.begin() + static_cast<std::ptrdiff_t>(from), items.end());
  };
  if (const Items* items = value.items()) {
    copy(*items, 0);
  } else if (const Dict* dict = value.dict()) {
    rt.take_memory(dict->entries.size() * sizeof(Value));
    rt.work(dict->entries.size() * sizeof(Value));
    for (const auto& [key, item] : dict->entries) out.push_back(key);
  } else if (const std::string* text = value.text()) {
    for (const std::string_view c : characters(rt, *text)) out.push_back(rt.text(c));
  } else if (Iterable* iterable = value.iterable()) {
    copy(iterable->items, iterable->next);
    if (iterable->generator) iterable->next = iterable->items.size();
  } else {
    rt.fail("a {} cannot be looped over", type_name(value));
  }
  return out;
}

std::int64_t length(Runtime& rt, const Value& value) {
  std::size_t size = 0;
  if (const std::string* text = value.text()) {
    rt.work(text->size());
    size = count_chars(*text);
  } else if (const Items* items = value.items()) {
    size = items->size();
  } else if (const Dict* dict = value.dict()) {
    size = dict->entries.size();
  } else if (const Iterable* iterable = value.iterable(); iterable && !iterable->generator) {
    size = iterable->items.size();
  } else if (!value.is_undefined()) {
    rt.fail("a {} has no length", type_name(value));
  }
  return static_cast<std::int64_t>(size);
}

namespace {

/// An attribute that is no item.
std::optional<Value> own_attribute(Runtime& rt, const Value& value, std::string_view name) {
  if (const Builtin* method = find_method(value, name)) return bound_function(rt, *method, value);
  if (Object* object = value.object()) return object->attribute(rt, value, name);
  return {};
}

/// Item `index` counted from the end if negative; nothing if there is none.
std::optional<Value> item_at(Runtime& rt, const Value& value, std::int64_t index) {
  if (const std::string* text = value.text()) {
    const std::int64_t size = length(rt, value);
    if (index < 0) index += size;
    if (index < 0 || index >= size) return {};
    const std::string_view rest =
        std::string_view(*text).substr(char_offset(*text, static_cast<std::size_t>(index)));
    return rt.text(rest.substr(0, decode_utf8(rest).length));
  }
  const Iterable* iterable = value.iterable();
  const Items* items = iterable && iterable->type == "range" ? &iterable->items : value.items();
  if (!items) return {};
  if (index < 0) index += static_cast<std::int64_t>(items->size());
  if (index < 0 || index >= static_cast<std::int64_t>(items->size())) return {};
  return (*items)[static_cast<std::size_t>(index)];
}

std::optional<Value> own_item(Runtime& rt, const Value& value, const Value& key) {
  if (const Dict* dict = value.dict()) {
    const Value* found = rt.find(*dict, key);
    if (!found) return {};
    return *found;
  }
  if (key.is_integral()) return item_at(rt, value, key.integer());
  return {};
}

Value missing(Runtime& rt, const Value& value, const Value& key) {
  const std::string shown = key.text()        ? printable(*key.text(), 60)
                            : key.is_number() ? to_text(rt, key)
                                              : "...";
  return rt.undefined(fmt::format("a {} has no attribute or item '{}'", type_name(value), shown));
}

}  // namespace

Value attribute(Runtime& rt, const Value& value, std::string_view name) {
  require_defined(rt, value);
  if (std::optional<Value> found = own_attribute(rt, value, name)) return std::move(*found);
  const Value key = rt.text(name);
  if (std::optional<Value> found = own_item(rt, value, key)) return std::move(*found);
  return missing(rt, value, key);
}

Value subscript(Runtime& rt, const Value& value, const Value& key) {
  require_defined(rt, value);
  if (std::optional<Value> found = own_item(rt, value, key)) return std::move(*found);
  if (key.text()) {
    if (std::optional<Value> found = own_attribute(rt, value, *key.text())) return std::move(*found);
  }
  return missing(rt, value, key);
}

Value slice(Runtime& rt, const Value& value, const Value& start, const Value& stop, const Value& step) {
  require_defined(rt, value);
  if (!value.text() && !value.items())
    return rt.undefined(fmt::format("a {} cannot be sliced", type_name(value)));
  for (const Value* bound : {&start, &stop, &step}) {
    require_defined(rt, *bound);
    if (!bound->is_none() && !bound->is_integral())
      rt.fail("the bounds of a slice are integers, not {}", type_name(*bound));
  }
  const std::int64_t size = length(rt, value);
  const std::int64_t by = step.is_none() ? 1 : step.integer();
  if (by == 0) rt.fail("the step of a slice cannot be zero");
  const std::int64_t lowest = by > 0 ? 0 : -1, highest = by > 0 ? size : size - 1;
  const auto bound = [&](const Value& given, std::int64_t otherwise) {
    if (given.is_none()) return otherwise;
    const std::int64_t at = given.integer();
    return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, lowest, highest);
  };
  std::int64_t at = bound(start, by > 0 ? lowest : highest);
  const std::int64_t end = bound(stop, by > 0 ? highest : lowest);
  const std::string* text = value.text();
  if (text && by == 1) {
    const std::size_t first = char_offset(*text, static_cast<std::size_t>(at));
    const std::string_view rest = std::string_view(*text).substr(first);
    return rt.text(at >= end ? "" : rest.substr(0, char_offset(rest, static_cast<std::size_t>(end - at))));
  }
  const Items from = iterate(rt, value);
  Items out;
  while (by > 0 ? at < end : at > end) {
    out.push_back(from[static_cast<std::size_t>(at)]);
    if (__builtin_add_overflow(at, by, &at)) break;
  }
  if (!text) return value.is<ListPtr>() ? rt.list(std::move(out)) : rt.tuple(std::move(out));
  std::string joined;
  for (const Value& c : out) rt.append(joined, *c.text());
  return rt.text(joined);
}

Value call(Runtime& rt, const Value& callee, const Arguments& arguments) {
  require_defined(rt, callee);
  Object* object = callee.object();
  if (!object || !object->callable()) rt.fail("a {} cannot be called", type_name(callee));
  const Value alive = callee;  // the call may overwrite the variable that holds the function
  return object->call(rt, arguments);
}

}  // namespace pith::jinja
