#include "text/jinja_builtins.h"

#include <algorithm>

#include "base/error.h"
#include "text/jinja_operations.h"

namespace pith::jinja {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

const Builtin* find_in(std::span<const Builtin> table, std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(), [&](const Builtin& b) { return b.name == name; });
  return at == table.end() ? nullptr : &*at;
}

/// What a method of a text marked as markup returns is marked as well.
Value marked(Runtime& rt, const Value& result) {
  if (result.text()) return rt.text(*result.text(), true);
  if (!result.is<ListPtr>()) return result;
  Items items;
  for (const Value& item : *result.items()) items.push_back(marked(rt, item));
  return rt.list(std::move(items));
}

/// Such a method would have to escape its arguments.
bool takes_texts(const Builtin& method) {
  static constexpr std::string_view kNames[] = {"format", "join",   "replace",   "ljust",
                                                "rjust",  "center", "partition", "rpartition"};
  return std::find(std::begin(kNames), std::end(kNames), method.name) != std::end(kNames);
}

/// A builtin as a value, and what it is a method of.
struct BoundFunction : Object {
  const Builtin& function;
  Value self;

  BoundFunction(const Builtin& function_, Value self_) : function(function_), self(std::move(self_)) {
    depth = self.depth() + 1;
  }
  std::string_view type() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value call(Runtime& rt, const Arguments& arguments) override {
    const bool markup = self.text() && self.get<Text>()->markup;
    if (markup && takes_texts(function))
      rt.fail("'{}' of a text marked as safe is not supported", function.name);
    const Value result = run_builtin(rt, function, self, arguments);
    return markup ? marked(rt, result) : result;
  }
};

}  // namespace

Args::Args(Runtime& rt, const Builtin& function, const Arguments& arguments)
    : rt_(rt), function_(function), all_(arguments) {
  if (function.parameters == "*") return;
  const std::vector<std::string_view> names = words(function.parameters);
  if (arguments.positional.size() > names.size()) {
    rt.fail("'{}' takes at most {} arguments, not {}", function.name, names.size(),
            arguments.positional.size());
  }
  given_.assign(names.size(), nullptr);
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) given_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) rt.fail("'{}' has no argument '{}'", function.name, printable(name, 40));
    const Value*& slot = given_[static_cast<std::size_t>(at - names.begin())];
    if (slot) rt.fail("the argument '{}' of '{}' is given twice", name, function.name);
    slot = &value;
  }
  for (std::size_t i = 0; i < function.required; ++i) {
    if (!given_[i]) rt.fail("'{}' needs the argument '{}'", function.name, names[i]);
  }
}

std::string_view Args::parameter(std::size_t i) const { return words(function_.parameters)[i]; }

void Args::wrong_type(std::size_t i, std::string_view expected) const {
  require_defined(rt_, (*this)[i]);
  rt_.fail("the argument '{}' of '{}' is {}, not a {}", parameter(i), function_.name, expected,
           type_name((*this)[i]));
}

const Value& Args::operator[](std::size_t i) const {
  static const Value undefined;
  return has(i) ? *given_[i] : undefined;
}

std::int64_t Args::integer(std::size_t i, std::int64_t otherwise) const {
  if (!has(i)) return otherwise;
  if (!(*this)[i].is_integral()) wrong_type(i, "an integer");
  return (*this)[i].integer();
}

bool Args::flag(std::size_t i, bool otherwise) const { return has(i) ? is_true(rt_, (*this)[i]) : otherwise; }

std::string_view Args::text(std::size_t i, std::string_view otherwise) const {
  if (!has(i)) return otherwise;
  if (!(*this)[i].text()) wrong_type(i, "a text");
  return *(*this)[i].text();
}

std::optional<std::string_view> Args::optional_text(std::size_t i) const {
  if (!has(i) || (*this)[i].is_none()) return {};
  return text(i);
}

Value run_builtin(Runtime& rt, const Builtin& function, const Value& self, const Arguments& arguments) {
  return function.run(rt, self, Args(rt, function, arguments));
}

const Builtin* find_filter(std::string_view name) { return find_in(tables::filters, name); }
const Builtin* find_test(std::string_view name) { return find_in(tables::tests, name); }
const Builtin* find_global(std::string_view name) { return find_in(tables::globals, name); }

const Builtin* find_method(const Value& value, std::string_view name) {
  if (value.text()) return find_in(tables::text_methods, name);
  if (value.items()) return find_in(tables::list_methods, name);
  if (value.dict()) return find_in(tables::dict_methods, name);
  return nullptr;
}

Value apply_filter(Runtime& rt, std::string_view name, const Value& value, const Arguments& arguments) {
  const Builtin* filter = find_filter(name);
  if (!filter) rt.fail("there is no filter '{}'", printable(name, 40));
  return run_builtin(rt, *filter, value, arguments);
}

bool apply_test(Runtime& rt, std::string_view name, const Value& value, const Arguments& arguments) {
  const Builtin* test = find_test(name);
  if (!test) rt.fail("there is no test '{}'", printable(name, 40));
  return is_true(rt, run_builtin(rt, *test, value, arguments));
}

Value bound_function(Runtime& rt, const Builtin& function, const Value& self) {
  return rt.object(std::make_shared<BoundFunction>(function, self));
}

}  // namespace pith::jinja
