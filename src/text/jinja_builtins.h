// The functions that templates can use, in tables: filters, tests, methods of values, global functions.
#pragma once

#include <optional>
#include <span>

#include "text/jinja_runtime.h"

namespace pith::jinja {

struct Builtin;

/// Arguments matched with a builtin's parameters.
class Args {
 public:
  /// Throws if a required argument is missing, or one is unknown or given twice.
  Args(Runtime& rt, const Builtin& function, const Arguments& arguments);

  bool has(std::size_t i) const { return i < given_.size() && given_[i]; }
  /// Argument `i`, or undefined.
  const Value& operator[](std::size_t i) const;
  std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
  bool flag(std::size_t i, bool otherwise) const;
  std::string_view text(std::size_t i, std::string_view otherwise = {}) const;
  /// Nothing if absent or none.
  std::optional<std::string_view> optional_text(std::size_t i) const;

  /// As they were given; for builtins that take any arguments.
  const Arguments& all() const { return all_; }

 private:
  [[noreturn]] void wrong_type(std::size_t i, std::string_view expected) const;
  std::string_view parameter(std::size_t i) const;

  Runtime& rt_;
  const Builtin& function_;
  const Arguments& all_;
  std::vector<const Value*> given_;
};

/// `self` is the filtered or tested value, or the object of a method; undefined for global functions.
struct Builtin {
  std::string_view name;
  std::string_view parameters;  ///< names with spaces between them; "*": any arguments
  std::size_t required;         ///< how many of them must be given
  Value (*run)(Runtime&, const Value& self, const Args&);
};

Value run_builtin(Runtime& rt, const Builtin& function, const Value& self, const Arguments& arguments);

/// Null if there is none of that name.
const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);
const Builtin* find_method(const Value& value, std::string_view name);
const Builtin* find_global(std::string_view name);

/// Filters and tests by name, for `map`, `select` and the like; an unknown name is an error.
Value apply_filter(Runtime& rt, std::string_view name, const Value& value, const Arguments& arguments);
bool apply_test(Runtime& rt, std::string_view name, const Value& value, const Arguments& arguments);

/// A builtin as a value; a method together with its object.
Value bound_function(Runtime& rt, const Builtin& function, const Value& self);

/// What namespace() returns: its attributes can be assigned to.
struct Namespace : Object {
  std::map<std::string, Value, std::less<>> attributes;
  std::string_view type() const override { return "Namespace"; }
  std::optional<Value> attribute(Runtime&, const Value& self, std::string_view name) override;
  void release() override { attributes.clear(); }
  void set(Runtime& rt, std::string_view name, const Value& value);
};

namespace tables {
extern const std::span<const Builtin> filters, tests, text_methods, list_methods, dict_methods, globals;
}

}  // namespace pith::jinja
