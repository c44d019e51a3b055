#include "text/jinja_value.h"

#include <algorithm>
#include <cmath>

namespace pith::jinja {

const std::string* Value::text() const {
  const Text* t = get<Text>();
  return t ? t->bytes.get() : nullptr;
}

const Items* Value::items() const {
  if (const ListPtr* list = get<ListPtr>()) return &(*list)->items;
  if (const TuplePtr* tuple = get<TuplePtr>()) return &(*tuple)->items;
  return nullptr;
}

const Dict* Value::dict() const {
  const DictPtr* d = get<DictPtr>();
  return d ? d->get() : nullptr;
}

Iterable* Value::iterable() const {
  const IterablePtr* i = get<IterablePtr>();
  return i ? i->get() : nullptr;
}

Object* Value::object() const {
  const ObjectPtr* o = get<ObjectPtr>();
  return o ? o->get() : nullptr;
}

std::int64_t Value::integer() const {
  if (const bool* b = get<bool>()) return *b;
  return *get<std::int64_t>();
}

double Value::real() const {
  if (const double* d = get<double>()) return *d;
  return static_cast<double>(integer());
}

unsigned Value::depth() const {
  if (const ListPtr* list = get<ListPtr>()) return (*list)->depth;
  if (const TuplePtr* tuple = get<TuplePtr>()) return (*tuple)->depth;
  if (const Dict* d = dict()) return d->depth;
  if (const Iterable* i = iterable()) return i->depth;
  if (const Object* o = object()) return o->depth;
  return 0;
}

namespace {

/// Exact, also where an integer has no double of its own. NaN comes before every number and equals itself.
int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  }
  const long double x = a.is_integral() ? static_cast<long double>(a.integer()) : a.real();
  const long double y = b.is_integral() ? static_cast<long double>(b.integer()) : b.real();
  if (std::isnan(x) || std::isnan(y)) return std::isnan(y) - std::isnan(x);
  return x < y ? -1 : x > y;
}

/// The groups of keys that can be equal to each other.
int key_rank(const Value& v) {
  if (v.is_number()) return 0;
  if (v.is<Text>()) return 1;
  if (v.is<TuplePtr>()) return 2;
  if (v.is_none()) return 3;
  if (v.is_undefined()) return 4;
  return 5;
}

int compare_keys(const Value& a, const Value& b) {
  const int rank = key_rank(a);
  if (rank != key_rank(b)) return rank < key_rank(b) ? -1 : 1;
  switch (rank) {
    case 0: return compare_numbers(a, b);
    case 1: return a.text()->compare(*b.text());
    case 2: {
      const Items &x = *a.items(), &y = *b.items();
      for (std::size_t i = 0; i < x.size() && i < y.size(); ++i) {
        if (const int c = compare_keys(x[i], y[i])) return c;
      }
      return x.size() < y.size() ? -1 : x.size() > y.size();
    }
    case 5: {
      const Object *x = a.object(), *y = b.object();
      return std::less<>()(x, y) ? -1 : x != y;
    }
    default: return 0;
  }
}

}  // namespace

bool KeyLess::operator()(const Value& a, const Value& b) const { return compare_keys(a, b) < 0; }

void Dict::set(const Value& key, Value value) {
  depth = std::max({depth, key.depth() + 1, value.depth() + 1});
  const auto [at, is_new] = index.try_emplace(key, entries.size());
  if (is_new) {
    entries.emplace_back(key, std::move(value));
  } else {
    entries[at->second].second = std::move(value);
  }
}

const Value* Dict::find(const Value& key) const {
  if (!is_hashable(key)) return nullptr;
  const auto at = index.find(key);
  return at == index.end() ? nullptr : &entries[at->second].second;
}

const Value* Dict::find(std::string_view key) const {
  return find(Value(Text{std::make_shared<const std::string>(key)}));
}

std::string_view type_name(const Value& value) {
  struct Name {
    std::string_view operator()(const Undefined&) const { return "Undefined"; }
    std::string_view operator()(const None&) const { return "NoneType"; }
    std::string_view operator()(bool) const { return "bool"; }
    std::string_view operator()(std::int64_t) const { return "int"; }
    std::string_view operator()(double) const { return "float"; }
    std::string_view operator()(const Text& t) const { return t.markup ? "Markup" : "str"; }
    std::string_view operator()(const ListPtr&) const { return "list"; }
    std::string_view operator()(const TuplePtr&) const { return "tuple"; }
    std::string_view operator()(const DictPtr&) const { return "dict"; }
    std::string_view operator()(const IterablePtr& i) const { return i->type; }
    std::string_view operator()(const ObjectPtr& o) const { return o->type(); }
  };
  return std::visit(Name(), value.storage());
}

bool is_hashable(const Value& value) {
  if (const TuplePtr* tuple = value.get<TuplePtr>()) {
    for (const Value& item : (*tuple)->items) {
      if (!is_hashable(item)) return false;
    }
    return true;
  }
  return !value.is<ListPtr>() && !value.is<DictPtr>() && !value.is<IterablePtr>();
}

}  // namespace pith::jinja
