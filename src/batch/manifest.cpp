#include "batch/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace pith {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kLargest = std::size_t{64} << 20;

}  // namespace

std::filesystem::path manifest_path(const std::filesystem::path& output) {
  return output.string() + ".manifest";
}

std::optional<BatchManifest> read_manifest(const std::filesystem::path& output) {
  const std::filesystem::path path = manifest_path(output);
  const std::string shown = printable(path.string(), std::string::npos);
  if (!std::filesystem::exists(path)) return std::nullopt;
  const Json json = parse_ordered_json(read_file(path, kLargest), shown);
  BatchManifest manifest;
  try {
    if (json.at("pith_batch") != kVersion) fail("{}: made by another version of pith", shown);
    manifest.created = json.at("created").get<std::int64_t>();
    manifest.shard = {json.at("shard").at("index").get<std::int64_t>(),
                      json.at("shard").at("count").get<std::int64_t>()};
    for (const auto& [name, value] : json.at("settings").items())
      manifest.settings.emplace_back(name, value.get<std::string>());
    if (const Json& complete = json.at("complete"); !complete.is_null()) {
      manifest.complete = {complete.at("input_lines").get<std::int64_t>(),
                           complete.at("requests").get<std::int64_t>()};
    }
  } catch (const Json::exception&) {
    fail("{}: not the manifest of a batch, or a damaged one", shown);
  }
  return manifest;
}

void write_manifest(const std::filesystem::path& output, const BatchManifest& manifest) {
  Json settings = Json::object();
  for (const auto& [name, value] : manifest.settings) settings[name] = value;
  Json complete;
  if (manifest.complete) {
    complete = {{"input_lines", manifest.complete->input_lines}, {"requests", manifest.complete->requests}};
  }
  const Json json{{"pith_batch", kVersion},
                  {"created", manifest.created},
                  {"shard", {{"index", manifest.shard.index}, {"count", manifest.shard.count}}},
                  {"settings", std::move(settings)},
                  {"complete", std::move(complete)}};
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  write_file_atomically(manifest_path(output), std::as_bytes(std::span(text)));
}

std::string difference(const BatchSettings& before, const BatchSettings& now) {
  const auto value = [](const BatchSettings& settings, const std::string& name) {
    const auto found = std::ranges::find(settings, name, &BatchSettings::value_type::first);
    return found == settings.end() ? std::string("nothing") : found->second;
  };
  for (const BatchSettings* settings : {&now, &before}) {
    for (const auto& [name, ignored] : *settings) {
      const std::string a = value(before, name), b = value(now, name);
      if (a != b)
        return fmt::format("{} was {}, now it is {}", printable(name, 40), printable(a), printable(b));
    }
  }
  return {};
}

}  // namespace pith
