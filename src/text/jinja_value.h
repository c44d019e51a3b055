// The values of a template: Python's None, bool, int, float, str, list, tuple and dict as far as templates
// see them, undefined, and objects with behaviour (macros, namespaces, `loop`). A Value is a small immutable
// handle.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pith::jinja {

class Value;
class Runtime;
struct Dict;
struct List;
struct Tuple;
struct Iterable;
struct Object;

/// What a missing variable, attribute or item evaluates to. `why` says what was missing.
struct Undefined {
  std::shared_ptr<const std::string> why;
};
struct None {};

/// UTF-8 text. `markup` marks what the filters `safe` and `escape` return: text added to it is HTML-escaped.
struct Text {
  std::shared_ptr<const std::string> bytes;
  bool markup = false;
};

using Items = std::vector<Value>;
using ListPtr = std::shared_ptr<const List>;
using TuplePtr = std::shared_ptr<const Tuple>;
using DictPtr = std::shared_ptr<const Dict>;
using IterablePtr = std::shared_ptr<Iterable>;
using ObjectPtr = std::shared_ptr<Object>;

/// The arguments of a call as written, `*` and `**` already unfolded.
struct Arguments {
  Items positional;
  std::vector<std::pair<std::string, Value>> named;
};

class Value {
 public:
  Value() = default;  ///< undefined
  Value(Undefined v) : v_(std::move(v)) {}
  Value(None v) : v_(v) {}
  Value(bool v) : v_(v) {}
  Value(std::int64_t v) : v_(v) {}
  Value(double v) : v_(v) {}
  Value(Text v) : v_(std::move(v)) {}
  Value(ListPtr v) : v_(std::move(v)) {}
  Value(TuplePtr v) : v_(std::move(v)) {}
  Value(DictPtr v) : v_(std::move(v)) {}
  Value(IterablePtr v) : v_(std::move(v)) {}
  Value(ObjectPtr v) : v_(std::move(v)) {}
  template <class T>
  Value(const T*) = delete;  // a pointer is not a bool

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(v_);
  }
  /// The alternative T, or null.
  template <class T>
  const T* get() const {
    return std::get_if<T>(&v_);
  }

  /// The bytes of a text, or null.
  const std::string* text() const;
  /// The items of a list or a tuple, or null.
  const Items* items() const;
  const Dict* dict() const;
  Iterable* iterable() const;
  Object* object() const;

  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  /// An int, or a bool, which Python counts among the ints.
  bool is_integral() const { return is<std::int64_t>() || is<bool>(); }
  bool is_number() const { return is_integral() || is<double>(); }
  /// Of an integral value.
  std::int64_t integer() const;
  /// Of a number.
  double real() const;

  /// How deep containers nest in this value; 0 for what is no container.
  unsigned depth() const;

  const auto& storage() const { return v_; }

 private:
  std::variant<Undefined, None, bool, std::int64_t, double, Text, ListPtr, TuplePtr, DictPtr, IterablePtr,
               ObjectPtr>
      v_;
};

/// An order of the hashable values in which Python's equal keys (1, 1.0 and true) are equal.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const;
};

struct List {
  Items items;
  unsigned depth;
};

struct Tuple {
  Items items;
  unsigned depth;
};

/// In the order of insertion. The index is a tree, not a hash table: nobody can choose keys that make it
/// slow.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  std::map<Value, std::size_t, KeyLess> index;
  unsigned depth = 1;

  void set(const Value& key, Value value);
  /// Null if absent (or if the key cannot be one).
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
};

/// Something to loop over that is no list: a range, a dictionary's view, or a generator, which runs out after
/// use.
struct Iterable {
  std::string_view type;  ///< Python's name of the type
  Items items;
  bool generator = false;
  std::size_t next = 0;  ///< of a generator: the items before it are gone
  unsigned depth = 1;
};

/// A value with behaviour.
struct Object {
  unsigned depth = 0;

  virtual ~Object() = default;
  virtual std::string_view type() const = 0;
  /// Nothing if there is no such attribute. `self` is the handle of this object.
  virtual std::optional<Value> attribute(Runtime&, const Value& self, std::string_view name);
  virtual bool callable() const { return false; }
  virtual Value call(Runtime&, const Arguments&);
  /// Drops what the object refers to, so that objects that refer to each other are freed.
  virtual void release() {}
};

/// Python's name of the value's type, for messages.
std::string_view type_name(const Value& value);

/// True for what Python could use as a dictionary's key.
bool is_hashable(const Value& value);

}  // namespace pith::jinja
