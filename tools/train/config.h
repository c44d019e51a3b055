// The settings of one lab step: a JSON file in which every key is wanted and no key is left over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pith::lab {

/// An object of settings; cheap to copy. Keys are written as they are read: a step asks for each of its keys,
/// then calls finish(), and only then begins to work. "note" may stand in any object and is not read.
/// Everything throws Error with file and key, expected and found.
class Config {
 public:
  /// Throws Error: not readable, no JSON object, a key twice.
  static Config open(const std::filesystem::path& path);
  /// From text; `name` stands for the file in messages.
  static Config parse(std::string_view text, std::string name);

  /// For keys that a step documents as optional.
  bool has(std::string_view key) const;

  bool flag(std::string_view key) const;
  /// Within [min, max].
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  double number(std::string_view key, double min, double max) const;
  /// Not empty.
  std::string text(std::string_view key) const;
  /// One of `words`.
  std::string choice(std::string_view key, std::span<const std::string_view> words) const;
  /// Arrays of at least one element.
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min, std::int64_t max) const;
  std::vector<double> numbers(std::string_view key, double min, double max) const;
  std::vector<std::string> texts(std::string_view key) const;
  Config object(std::string_view key) const;
  std::vector<Config> objects(std::string_view key) const;

  /// Throws Error for a key, here or in any object below, that nobody asked for, with the nearest one that
  /// was asked for.
  void finish() const;

  /// The whole file in one line, keys sorted: what logs and checkpoints keep to know the settings again.
  std::string canonical() const;
  const std::string& name() const;

 private:
  struct File;
  Config(std::shared_ptr<File> file, const nlohmann::json* object, std::string path);
  const nlohmann::json& get(std::string_view key) const;
  std::string full(std::string_view key) const;
  template <class Read>
  auto list(std::string_view key, Read read) const;

  std::shared_ptr<File> file_;
  const nlohmann::json* object_;
  std::string path_;  // "optimizer." of a nested object
};

}  // namespace pith::lab
