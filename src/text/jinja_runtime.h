// What runs a template has at hand: its limits, the place it is at, and the making of values. Templates are
// untrusted: every step, every byte of text and every item of a container that they cause is counted here.
#pragma once

#include <fmt/format.h>

#include <ctime>
#include <optional>

#include "text/jinja_value.h"

namespace pith::jinja {

/// Whose rules hold where Python's jinja2 and huggingface.js, which reads the same templates, disagree: how
/// booleans, lists and dictionaries are printed, whether text + number works, whether 1 == true in a list,
/// whether `null` is a name for none, and whether generators have a length. Models' authors test with Python.
enum class Dialect { kPython, kJavaScript };

struct Limits {
  std::size_t steps =
      10'000'000;  ///< evaluated nodes; every 64 bytes that an operation looks at count as one
  std::size_t memory = 256u << 20;  ///< bytes of all values alive and of all text ever written
  std::size_t text = 64u << 20;     ///< bytes of one text, the output's too
  std::size_t items = 100'000;      ///< of a range (as in Jinja's sandbox)
  unsigned nesting = 1000;          ///< of evaluation; bounds the stack
  unsigned depth = 250;             ///< of containers in containers
};

struct Environment {
  Limits limits;
  Dialect dialect = Dialect::kPython;
  std::optional<std::time_t>
      now;  ///< for strftime_now, in UTC; without it the clock's time in the local zone
};

class Runtime {
 public:
  /// `source` is the normalised template, for the places in messages.
  Runtime(std::string_view source, const Environment& environment)
      : environment_(environment), source_(source) {}
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Environment& environment() const { return environment_; }
  const Limits& limits() const { return environment_.limits; }
  bool javascript() const { return environment_.dialect == Dialect::kJavaScript; }

  /// Throws TemplateError for the current place.
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_here(fmt::format(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void fail_here(std::string_view message) const;

  /// Counts one step, and one more for every 64 of `bytes`.
  void work(std::size_t bytes = 0);
  /// Counts memory that is about to be taken.
  void take_memory(std::size_t bytes);

  /// Appends to a text that is being made, within the limits.
  void append(std::string& to, std::string_view text);

  Value text(std::string_view text, bool markup = false);
  Value list(Items items);
  Value tuple(Items items);
  Value dict(Dict dict);
  Value iterable(std::string_view type, Items items, bool generator);
  /// What filters such as `map` return: a generator in Python, a list in JavaScript.
  Value generator(Items items) {
    return javascript() ? list(std::move(items)) : iterable("generator", std::move(items), true);
  }
  Value object(ObjectPtr object);
  Value undefined(std::string why);
  /// Adds to a dictionary under construction; checks that the key is hashable.
  void insert(Dict& dict, const Value& key, Value value);
  /// Null if absent. The key's size is counted as work.
  const Value* find(const Dict& dict, const Value& key);
  /// Whether a value can be the key of a dictionary.
  bool hashable(const Value& key);

  /// Objects that may come to refer to each other in circles are released when the rendering ends.
  void keep(ObjectPtr object);

  /// Marks the place and counts the nesting while one node is evaluated.
  class At {
   public:
    At(Runtime& runtime, std::uint32_t place) : runtime_(runtime), before_(runtime.place_) {
      runtime.place_ = place;
      runtime.work();
      if (++runtime.nesting_ > runtime.limits().nesting) {
        --runtime.nesting_;
        runtime.fail("nested or recursive more than {} deep", runtime.limits().nesting);
      }
    }
    ~At() {
      --runtime_.nesting_;
      runtime_.place_ = before_;
    }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    Runtime& runtime_;
    std::uint32_t before_;
  };
  void set_place(std::uint32_t place) { place_ = place; }

 private:
  /// A value whose memory is counted as long as it lives.
  template <class T>
  std::shared_ptr<T> own(T value, std::size_t bytes) {
    take_memory(bytes);
    return {new T(std::move(value)), [this, bytes](T* owned) {
              delete owned;
              memory_ -= bytes;
            }};
  }
  unsigned container_depth(const Items& items) const;
  void check_depth(unsigned depth) const;
  void count_key(const Value& key);

  const Environment& environment_;
  std::string_view source_;
  std::uint32_t place_ = 0;
  unsigned nesting_ = 0;
  std::size_t steps_ = 0;
  std::size_t memory_ = 0;
  std::vector<ObjectPtr> kept_;
};

}  // namespace pith::jinja
