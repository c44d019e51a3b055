#include "model/config_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pith {
namespace {

using Json = nlohmann::json;

// A value, its key and its file.
struct Setting {
  const Json& value;
  const char* key;
  const std::string& source;

  [[noreturn]] void fail_type(const char* expected) const {
    fail("{}: '{}': expected {}, found {}", source, key, expected,
         value.is_structured() ? value.type_name() : printable(value.dump(), 40));
  }
  double number() const {
    if (!value.is_number()) fail_type("a number");
    return value.get<double>();
  }
  std::int32_t integer() const {
    if (!value.is_number_integer()) fail_type("an integer");
    const auto number = value.get<double>();  // exact wherever it is in range
    if (number < INT32_MIN || number > INT32_MAX)
      fail("{}: '{}': {} is out of range", source, key, value.dump());
    return static_cast<std::int32_t>(number);
  }
  template <class F>
  auto list(F&& element) const {
    if (!value.is_array()) fail_type("a list");
    std::vector<decltype(element(*this))> out;
    for (const Json& v : value) out.push_back(element(Setting{v, key, source}));
    return out;
  }
};

}  // namespace

const Json* ConfigJson::find(const char* key) const {
  const auto it = object_->find(key);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

const char* ConfigJson::first_of(std::span<const char* const> keys) const {
  for (const char* key : keys) {
    if (!key || find(key)) return key;
  }
  return nullptr;
}

std::optional<double> ConfigJson::number(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  return Setting{*v, key, *source_}.number();
}

std::optional<std::int32_t> ConfigJson::integer(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  return Setting{*v, key, *source_}.integer();
}

bool ConfigJson::flag(const char* key, bool otherwise) const {
  const Json* v = find(key);
  if (!v) return otherwise;
  if (!v->is_boolean()) Setting{*v, key, *source_}.fail_type("true or false");
  return v->get<bool>();
}

std::optional<std::string> ConfigJson::text(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  if (!v->is_string()) Setting{*v, key, *source_}.fail_type("a text");
  return v->get<std::string>();
}

std::optional<ConfigJson> ConfigJson::object(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  if (!v->is_object()) Setting{*v, key, *source_}.fail_type("an object");
  return ConfigJson(*v, *source_);
}

std::optional<std::vector<double>> ConfigJson::numbers(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  return Setting{*v, key, *source_}.list([](const Setting& element) { return element.number(); });
}

std::optional<std::vector<std::int32_t>> ConfigJson::integers(const char* key) const {
  const Json* v = find(key);
  if (!v) return {};
  return Setting{*v, key, *source_}.list([](const Setting& element) { return element.integer(); });
}

}  // namespace pith
