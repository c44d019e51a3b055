#include "format/huggingface.h"

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "format/safetensors.h"

namespace pith {

HuggingFaceDir::HuggingFaceDir() = default;
HuggingFaceDir::HuggingFaceDir(HuggingFaceDir&&) noexcept = default;
HuggingFaceDir& HuggingFaceDir::operator=(HuggingFaceDir&&) noexcept = default;
HuggingFaceDir::~HuggingFaceDir() = default;

namespace {

using nlohmann::json;

std::string shown(const std::filesystem::path& path) { return printable(path.string(), std::string::npos); }

std::unique_ptr<json> read_object(const std::filesystem::path& path) {
  auto value = std::make_unique<json>(parse_json(read_file(path), shown(path)));
  if (!value->is_object()) fail("{}: expected a JSON object, found {}", shown(path), value->type_name());
  return value;
}

void add_file(HuggingFaceDir& dir, const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  parse_safetensors(file->bytes(), file->path(), dir.tensors);
  dir.files.push_back(std::move(file));
}

// The index comes from the same untrusted source as the weights: a shard's name may not lead elsewhere.
bool is_plain_file_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.find('/') == name.npos && name.find('\0') == name.npos;
}

// {"metadata": ..., "weight_map": {"lm_head.weight": "model-00002-of-00002.safetensors", ...}}: shard ->
// weights.
std::map<std::string, std::vector<std::string>> read_index(const std::filesystem::path& path) {
  const std::unique_ptr<json> index = read_object(path);
  const auto map = index->find("weight_map");
  if (map == index->end() || !map->is_object() || map->empty()) {
    fail("{}: expected an object 'weight_map' that names the shards", shown(path));
  }
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [weight, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get_ref<const std::string&>())) {
      fail("{}: weight '{}': expected the name of a .safetensors file in the same directory, found {}",
           shown(path), printable(weight), printable(shard.dump()));
    }
    shards[shard.get<std::string>()].push_back(weight);
  }
  return shards;
}

void add_shards(HuggingFaceDir& dir, const std::filesystem::path& index) {
  for (const auto& [shard, weights] : read_index(index)) {
    const std::size_t before = dir.tensors.all().size();
    add_file(dir, dir.path / shard);
    for (const std::string& weight : weights) {
      if (dir.tensors.find(weight)) continue;
      fail("{}: weight '{}': expected in {}, which does not hold it", shown(index), printable(weight),
           printable(shard));
    }
    if (const std::size_t found = dir.tensors.all().size() - before; found != weights.size()) {
      fail("{}: expected {} tensors by the index, found {}", shown(dir.path / shard), weights.size(), found);
    }
  }
}

[[noreturn]] void fail_without_weights(const std::filesystem::path& path) {
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth"}) {
    if (!std::filesystem::exists(path / name)) continue;
    fail(
        "{}: expected model.safetensors, found only {}: such files can run code when they are read; convert "
        "them, "
        "for example with transformers' save_pretrained",
        shown(path), name);
  }
  fail("{}: expected model.safetensors or model.safetensors.index.json, found neither", shown(path));
}

}  // namespace

HuggingFaceDir open_huggingface(const std::filesystem::path& path) {
  using std::filesystem::exists;
  if (!exists(path)) fail("{}: no such directory", shown(path));
  if (!is_directory(path))
    fail("{}: expected a directory with config.json and safetensors, found a file", shown(path));
  if (!exists(path / "config.json")) fail("{}: not a model directory: it has no config.json", shown(path));

  HuggingFaceDir dir;
  dir.path = path;
  dir.config = read_object(path / "config.json");
  if (exists(path / "generation_config.json")) {
    dir.generation_config = read_object(path / "generation_config.json");
  }
  if (const auto index = path / "model.safetensors.index.json"; exists(index)) {
    add_shards(dir, index);
  } else if (exists(path / "model.safetensors")) {
    add_file(dir, path / "model.safetensors");
  } else {
    fail_without_weights(path);
  }
  return dir;
}

}  // namespace pith
