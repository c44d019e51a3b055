#include "text/jinja_runtime.h"

#include <algorithm>

#include "text/jinja_lexer.h"

namespace pith::jinja {
namespace {

constexpr std::size_t kItemBytes = 2 * sizeof(Value);   // vectors grow by doubling
constexpr std::size_t kEntryBytes = 6 * sizeof(Value);  // an entry, its node in the index, and growth
constexpr std::size_t kObjectBytes = 128;               // an allocation of any kind with what manages it

}  // namespace

std::optional<Value> Object::attribute(Runtime&, const Value&, std::string_view) { return {}; }

Value Object::call(Runtime& rt, const Arguments&) { rt.fail("'{}' object is not callable", type()); }

Runtime::~Runtime() {
  for (const ObjectPtr& object : kept_) object->release();
}

void Runtime::fail_here(std::string_view message) const { fail_at(source_, place_, message); }

void Runtime::work(std::size_t bytes) {
  steps_ += 1 + bytes / 64;
  if (steps_ > limits().steps) fail("stopped after {} steps: it loops for too long", limits().steps);
}

void Runtime::take_memory(std::size_t bytes) {
  if (bytes > limits().memory || memory_ + bytes > limits().memory) {
    fail("stopped: it makes more than {} MiB of values", limits().memory >> 20);
  }
  memory_ += bytes;
}

void Runtime::append(std::string& to, std::string_view text) {
  if (to.size() + text.size() > limits().text)
    fail("stopped: it writes more than {} MiB", limits().text >> 20);
  take_memory(text.size());
  to += text;
}

Value Runtime::text(std::string_view text, bool markup) {
  if (text.size() > limits().text) fail("stopped: it makes a text of more than {} MiB", limits().text >> 20);
  take_memory(text.size() + kObjectBytes);
  work(text.size());
  return Text{std::make_shared<const std::string>(text), markup};
}

unsigned Runtime::container_depth(const Items& items) {
  take_memory(items.size() * kItemBytes + kObjectBytes);
  work(items.size() * sizeof(Value));
  unsigned depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  check_depth(depth + 1);
  return depth + 1;
}

void Runtime::check_depth(unsigned depth) const {
  if (depth > limits().depth) fail("stopped: it nests values more than {} deep", limits().depth);
}

Value Runtime::list(Items items) {
  const unsigned depth = container_depth(items);
  return ListPtr(std::make_shared<const List>(List{std::move(items), depth}));
}

Value Runtime::tuple(Items items) {
  const unsigned depth = container_depth(items);
  return TuplePtr(std::make_shared<const Tuple>(Tuple{std::move(items), depth}));
}

Value Runtime::dict(Dict dict) {
  take_memory(kObjectBytes);
  check_depth(dict.depth);
  return DictPtr(std::make_shared<const Dict>(std::move(dict)));
}

Value Runtime::iterable(std::string_view type, Items items, bool generator) {
  const unsigned depth = container_depth(items);
  return IterablePtr(std::make_shared<Iterable>(Iterable{type, std::move(items), generator, 0, depth}));
}

Value Runtime::object(ObjectPtr object) {
  take_memory(kObjectBytes);
  check_depth(object->depth);
  return object;
}

Value Runtime::undefined(std::string why) {
  take_memory(kObjectBytes);
  return Undefined{std::make_shared<const std::string>(std::move(why))};
}

void Runtime::count_key(const Value& key) {
  if (const std::string* text = key.text()) {
    work(text->size());
  } else if (const TuplePtr* tuple = key.get<TuplePtr>()) {
    for (const Value& item : (*tuple)->items) count_key(item);
  } else {
    work();
  }
}

void Runtime::insert(Dict& dict, const Value& key, Value value) {
  count_key(key);
  if (!is_hashable(key)) fail("a {} cannot be the key of a dictionary", type_name(key));
  take_memory(kEntryBytes);
  dict.set(key, std::move(value));
}

const Value* Runtime::find(const Dict& dict, const Value& key) {
  count_key(key);
  return dict.find(key);
}

void Runtime::keep(ObjectPtr object) {
  take_memory(sizeof(ObjectPtr) * 2);
  kept_.push_back(std::move(object));
}

}  // namespace pith::jinja
