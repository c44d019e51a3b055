// The settings of a config.json, read with checks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pith {

/// An object of config.json; a view of it. A key that is absent or null gives nothing; a value of another
/// type than asked for is an Error with the file, the key, what was expected and what was found.
class ConfigJson {
 public:
  /// `source`: the file that messages name. Both have to outlive the view.
  ConfigJson(const nlohmann::json& object, const std::string& source) : object_(&object), source_(&source) {}

  const std::string& source() const { return *source_; }
  /// The value of any type; null where there is none.
  const nlohmann::json* find(const char* key) const;
  /// The first of the keys that has a value; null where none has. Null among the keys ends them.
  const char* first_of(std::span<const char* const> keys) const;
  const char* first_of(std::initializer_list<const char*> keys) const {
    return first_of(std::span(keys.begin(), keys.size()));
  }

  std::optional<double> number(const char* key) const;
  std::optional<std::int32_t> integer(const char* key) const;
  bool flag(const char* key, bool otherwise = false) const;
  std::optional<std::string> text(const char* key) const;
  std::optional<ConfigJson> object(const char* key) const;
  std::optional<std::vector<double>> numbers(const char* key) const;
  std::optional<std::vector<std::int32_t>> integers(const char* key) const;

 private:
  const nlohmann::json* object_;
  const std::string* source_;
};

}  // namespace pith
