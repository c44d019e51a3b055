#include "train/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/options.h"

namespace pith::lab {

using nlohmann::json;

struct Config::File {
  std::string name;
  json root;
  std::set<std::string> asked{};  // full paths of the keys that were asked for, there or not
};

namespace {

constexpr std::string_view kNote = "note";

std::string shown(const json& value) {
  return printable(value.dump(-1, ' ', false, json::error_handler_t::replace), 60);
}

}  // namespace

Config::Config(std::shared_ptr<File> file, const json* object, std::string path)
    : file_(std::move(file)), object_(object), path_(std::move(path)) {}

Config Config::parse(std::string_view text, std::string name) {
  json root = parse_json(text, name, DuplicateKeys::Reject);
  if (!root.is_object()) fail("{}: expected a JSON object of settings, found {}", name, root.type_name());
  auto file = std::make_shared<File>(File{std::move(name), std::move(root)});
  const json* object = &file->root;
  return Config(std::move(file), object, "");
}

Config Config::open(const std::filesystem::path& path) {
  return parse(read_file(path), printable(path.string(), 400));
}

std::string Config::full(std::string_view key) const { return path_ + std::string(key); }

bool Config::has(std::string_view key) const {
  file_->asked.insert(full(key));
  return object_->contains(std::string(key));
}

const json& Config::get(std::string_view key) const {
  if (!has(key)) fail("{}: the key '{}' is missing", file_->name, full(key));
  return object_->at(std::string(key));
}

bool Config::flag(std::string_view key) const {
  const json& value = get(key);
  if (!value.is_boolean())
    fail("{}: {}: expected true or false, found {}", file_->name, full(key), shown(value));
  return value.get<bool>();
}

namespace {

std::int64_t read_integer(const json& value, std::int64_t min, std::int64_t max, const std::string& where) {
  const bool fits =
      value.is_number_integer() &&
      !(value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
  if (!fits || value.get<std::int64_t>() < min || value.get<std::int64_t>() > max) {
    fail("{}: expected an integer from {} to {}, found {}", where, min, max, shown(value));
  }
  return value.get<std::int64_t>();
}

double read_number(const json& value, double min, double max, const std::string& where) {
  if (!value.is_number() || !(value.get<double>() >= min && value.get<double>() <= max)) {
    fail("{}: expected a number from {} to {}, found {}", where, min, max, shown(value));
  }
  return value.get<double>();
}

std::string read_text(const json& value, const std::string& where) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    fail("{}: expected a text, found {}", where, shown(value));
  }
  return value.get<std::string>();
}

}  // namespace

std::int64_t Config::integer(std::string_view key, std::int64_t min, std::int64_t max) const {
  return read_integer(get(key), min, max, file_->name + ": " + full(key));
}

double Config::number(std::string_view key, double min, double max) const {
  return read_number(get(key), min, max, file_->name + ": " + full(key));
}

std::string Config::text(std::string_view key) const {
  return read_text(get(key), file_->name + ": " + full(key));
}

std::string Config::choice(std::string_view key, std::span<const std::string_view> words) const {
  std::string found = text(key);
  if (std::ranges::find(words, found) == words.end()) {
    fail("{}: {}: expected one of {}, found '{}'", file_->name, full(key), fmt::join(words, ", "),
         printable(found));
  }
  return found;
}

template <class Read>
auto Config::list(std::string_view key, Read read) const {
  const json& value = get(key);
  if (!value.is_array() || value.empty())
    fail("{}: {}: expected an array of at least one element, found {}", file_->name, full(key), shown(value));
  std::vector<decltype(read(value[0], std::string()))> out;
  for (std::size_t i = 0; i < value.size(); ++i)
    out.push_back(read(value[i], fmt::format("{}[{}]", full(key), i)));
  return out;
}

std::vector<std::int64_t> Config::integers(std::string_view key, std::int64_t min, std::int64_t max) const {
  return list(key, [&](const json& value, const std::string& path) {
    return read_integer(value, min, max, file_->name + ": " + path);
  });
}

std::vector<double> Config::numbers(std::string_view key, double min, double max) const {
  return list(key, [&](const json& value, const std::string& path) {
    return read_number(value, min, max, file_->name + ": " + path);
  });
}

std::vector<std::string> Config::texts(std::string_view key) const {
  return list(key, [&](const json& value, const std::string& path) {
    return read_text(value, file_->name + ": " + path);
  });
}

Config Config::object(std::string_view key) const {
  const json& value = get(key);
  if (!value.is_object()) fail("{}: {}: expected an object, found {}", file_->name, full(key), shown(value));
  return Config(file_, &value, full(key) + ".");
}

std::vector<Config> Config::objects(std::string_view key) const {
  return list(key, [&](const json& value, const std::string& path) {
    if (!value.is_object()) fail("{}: {}: expected an object, found {}", file_->name, path, shown(value));
    return Config(file_, &value, path + ".");
  });
}

void Config::finish() const {
  const std::vector<std::string> asked(file_->asked.begin(), file_->asked.end());
  const auto check = [&](const auto& self, const json& value, const std::string& path) -> void {
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) self(self, value[i], fmt::format("{}[{}]", path, i));
    }
    if (!value.is_object()) return;
    for (const auto& [key, below] : value.items()) {
      if (key == kNote) continue;
      const std::string here = path.empty() ? key : path + "." + key;
      if (!file_->asked.contains(here)) {
        const std::string guess = cli::nearest(here, asked);
        fail("{}: unknown key '{}'{}", file_->name, printable(here),
             guess.empty() ? "" : "; did you mean '" + guess + "'?");
      }
      self(self, below, here);
    }
  };
  check(check, *object_, path_.empty() ? "" : path_.substr(0, path_.size() - 1));
}

std::string Config::canonical() const { return file_->root.dump(); }

const std::string& Config::name() const { return file_->name; }

}  // namespace pith::lab
