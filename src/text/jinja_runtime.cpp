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
  work(text.size());
  return Text{own(std::string(text), text.size() + kObjectBytes), markup};
}

unsigned Runtime::container_depth(const Items& items) const {
  unsigned depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  check_depth(depth + 1);
  return depth + 1;
}

void Runtime::check_depth(unsigned depth) const {
  if (depth > limits().depth) fail("stopped: it nests values more than {} deep", limits().depth);
}

Value Runtime::list(Items items) {
  const std::size_t bytes = items.size() * kItemBytes + kObjectBytes;
  work(bytes);
  const unsigned depth = container_depth(items);
  return ListPtr(own(List{std::move(items), depth}, bytes));
}

Value Runtime::tuple(Items items) {
  const std::size_t bytes = items.size() * kItemBytes + kObjectBytes;
  work(bytes);
  const unsigned depth = container_depth(items);
  return TuplePtr(own(Tuple{std::move(items), depth}, bytes));
}

Value Runtime::dict(Dict dict) {
  check_depth(dict.depth);
  const std::size_t entries = dict.entries.size() * kEntryBytes;
  memory_ -=
      std::min(entries, memory_);  // insert() counted them; from here on they count with the dictionary
  return DictPtr(own(std::move(dict), entries + kObjectBytes));
}

Value Runtime::iterable(std::string_view type, Items items, bool generator) {
  const std::size_t bytes = items.size() * kItemBytes + kObjectBytes;
  work(bytes);
  const unsigned depth = container_depth(items);
  return IterablePtr(own(Iterable{type, std::move(items), generator, 0, depth}, bytes));
}

Value Runtime::object(ObjectPtr object) {
  check_depth(object->depth);
  const std::shared_ptr<ObjectPtr> counted = own(std::move(object), kObjectBytes);
  return ObjectPtr(counted, counted->get());
}

Value Runtime::undefined(std::string why) {
  const std::size_t bytes = why.size() + kObjectBytes;
  return Undefined{own(std::move(why), bytes)};
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
  if (!hashable(key)) fail("a {} cannot be the key of a dictionary", type_name(key));
  take_memory(kEntryBytes);
  dict.set(key, std::move(value));
}

bool Runtime::hashable(const Value& key) {
  count_key(key);
  return is_hashable(key);
}

const Value* Runtime::find(const Dict& dict, const Value& key) {
  count_key(key);
  return dict.find(key);
}

void Runtime::keep(ObjectPtr object) {
  take_memory(4 * kObjectBytes);  // with the scope that a macro keeps alive
  kept_.push_back(std::move(object));
}

}  // namespace pith::jinja
