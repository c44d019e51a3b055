// The functions that templates find without being given them: range, dict, namespace, and what transformers
// adds.
#include <algorithm>

#include "base/error.h"
#include "text/jinja_builtins.h"
#include "text/jinja_format.h"
#include "text/jinja_operations.h"

namespace pith::jinja {

std::optional<Value> Namespace::attribute(Runtime&, const Value&, std::string_view name) {
  const auto at = attributes.find(name);
  if (at == attributes.end()) return {};
  return at->second;
}

void Namespace::set(Runtime& rt, std::string_view name, const Value& value) {
  if (!name.empty() && name.front() == '_') {
    rt.fail("an attribute of a namespace cannot begin with an underscore: '{}'", printable(name, 40));
  }
  rt.take_memory(name.size() + 4 * sizeof(Value));
  attributes.insert_or_assign(std::string(name), value);
}

namespace {

/// dict(other, name=value, ...): `other` is a dictionary or a list of pairs.
Dict make_dict(Runtime& rt, std::string_view function, const Arguments& arguments) {
  Dict out;
  if (arguments.positional.size() > 1) rt.fail("'{}' takes at most one argument without a name", function);
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    require_defined(rt, from);
    if (const Dict* other = from.dict()) {
      for (const auto& [key, value] : other->entries) rt.insert(out, key, value);
    } else {
      for (const Value& pair : iterate(rt, from)) {
        const Items parts = iterate(rt, pair);
        if (parts.size() != 2) rt.fail("'{}' needs pairs, not {} values", function, parts.size());
        rt.insert(out, parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) rt.insert(out, rt.text(name), value);
  return out;
}

Value make_namespace(Runtime& rt, const Value&, const Args& args) {
  const auto made = std::make_shared<Namespace>();
  for (const auto& [key, value] : make_dict(rt, "namespace", args.all()).entries) {
    if (!key.text()) rt.fail("the attributes of a namespace have names, not a {}", type_name(key));
    made->set(rt, *key.text(), value);
  }
  rt.keep(made);
  return rt.object(made);
}

Value range(Runtime& rt, const Value&, const Args& args) {
  const bool from_zero = !args.has(1);
  const std::int64_t first = from_zero ? 0 : args.integer(0, 0);
  const std::int64_t stop = args.integer(from_zero ? 0 : 1, 0);
  const std::int64_t step = args.integer(2, 1);
  if (step == 0) rt.fail("the step of a range cannot be zero");
  Items out;
  for (std::int64_t at = first; step > 0 ? at < stop : at > stop;) {
    if (out.size() >= rt.limits().items) rt.fail("stopped: a range of more than {} items", rt.limits().items);
    out.push_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return rt.iterable("range", std::move(out), false);
}

Value raise_exception(Runtime& rt, const Value&, const Args& args) {
  rt.fail("{}", printable(to_text(rt, args[0]), 1000));
}

Value now(Runtime& rt, const Value&, const Args& args) { return rt.text(format_now(rt, args.text(0))); }

/// cycler(a, b, ...): next() goes round the items.
struct Cycler : Object {
  Items items;
  std::size_t position = 0;

  std::string_view type() const override { return "Cycler"; }
  std::optional<Value> attribute(Runtime& rt, const Value& self, std::string_view name) override;
};

Cycler& cycler_of(const Value& self) { return static_cast<Cycler&>(*self.object()); }

constexpr Builtin kCyclerNext = {"next", "", 0, [](Runtime&, const Value& self, const Args&) -> Value {
                                   Cycler& cycler = cycler_of(self);
                                   const std::size_t at = cycler.position;
                                   cycler.position = (at + 1) % cycler.items.size();
                                   return cycler.items[at];
                                 }};
constexpr Builtin kCyclerReset = {"reset", "", 0, [](Runtime&, const Value& self, const Args&) -> Value {
                                    cycler_of(self).position = 0;
                                    return None();
                                  }};

std::optional<Value> Cycler::attribute(Runtime& rt, const Value& self, std::string_view name) {
  if (name == "current") return items[position];
  if (name == "next") return bound_function(rt, kCyclerNext, self);
  if (name == "reset") return bound_function(rt, kCyclerReset, self);
  return {};
}

Value make_cycler(Runtime& rt, const Value&, const Args& args) {
  const auto made = std::make_shared<Cycler>();
  made->items = args.all().positional;
  if (made->items.empty() || !args.all().named.empty())
    rt.fail("'cycler' takes the values to go round, at least one");
  for (const Value& item : made->items) made->depth = std::max(made->depth, item.depth() + 1);
  return rt.object(made);
}

/// joiner(separator): nothing at the first call, the separator afterwards.
struct Joiner : Object {
  Value separator;
  bool used = false;

  std::string_view type() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Value call(Runtime& rt, const Arguments&) override {
    return std::exchange(used, true) ? separator : rt.text("");
  }
};

Value make_joiner(Runtime& rt, const Value&, const Args& args) {
  const auto made = std::make_shared<Joiner>();
  made->separator = rt.text(args.text(0, ", "));
  return rt.object(made);
}

constexpr Builtin kGlobals[] = {
    {"range", "start stop step", 1, range},
    {"dict", "*", 0,
     [](Runtime& rt, const Value&, const Args& args) -> Value {
       return rt.dict(make_dict(rt, "dict", args.all()));
     }},
    {"namespace", "*", 0, make_namespace},
    {"cycler", "*", 0, make_cycler},
    {"joiner", "sep", 0, make_joiner},
    {"raise_exception", "message", 1, raise_exception},
    {"strftime_now", "format", 1, now},
};

}  // namespace

const std::span<const Builtin> tables::globals = kGlobals;

}  // namespace pith::jinja
