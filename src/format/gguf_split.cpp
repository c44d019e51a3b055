// open_gguf of format/gguf.h: a model in one file or split into several, as llama.cpp's gguf-split writes
// them.
#include <charconv>
#include <optional>

#include "base/error.h"
#include "format/gguf.h"

namespace pith {
namespace {

// "dir/name-00002-of-00003.gguf" is {"dir/name", 2, 3}.
struct SplitName {
  std::string prefix;
  std::uint64_t part, parts;

  std::string of(std::uint64_t i) const { return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, i, parts); }
};

std::optional<SplitName> parse_split_name(const std::string& path) {
  constexpr std::string_view kPattern = "-00001-of-00001.gguf";
  if (path.size() < kPattern.size()) return std::nullopt;
  SplitName name{path.substr(0, path.size() - kPattern.size()), 0, 0};
  const char* const digits = path.data() + name.prefix.size();
  std::from_chars(digits + 1, digits + 6, name.part);
  std::from_chars(digits + 10, digits + 15, name.parts);
  const bool fits = name.part >= 1 && name.part <= name.parts && name.of(name.part) == path;
  return fits ? std::optional(name) : std::nullopt;
}

ModelFile open_part(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  ModelFile model = parse_gguf(file->bytes(), file->path());
  model.files.push_back(std::move(file));
  return model;
}

void expect(const Metadata& metadata, std::string_view key, std::uint64_t expected) {
  const auto found = metadata.get<std::uint64_t>(key);
  if (found != expected) {
    fail("{}: metadata key '{}': expected {} by the file's name and its other parts, found {}",
         metadata.source(), key, expected, found);
  }
}

Metadata without_split_keys(const Metadata& metadata) {
  Metadata out(metadata.source());
  for (const auto& [key, value] : metadata.entries()) {
    if (!key.starts_with("split.")) out.add_raw(key, value);
  }
  return out;
}

ModelFile open_all_parts(const SplitName& name) {
  ModelFile model;
  std::uint64_t announced = 0;
  for (std::uint64_t i = 1; i <= name.parts; ++i) {
    ModelFile part = open_part(name.of(i));
    expect(part.metadata, "split.count", name.parts);
    expect(part.metadata, "split.no", i - 1);
    if (i == 1) {
      model.path = part.path;
      model.metadata = without_split_keys(part.metadata);
      announced = part.metadata.get<std::uint64_t>("split.tensors.count");
    }
    model.files.push_back(part.files.front());
    for (const NamedTensor& t : part.tensors.all()) {
      if (model.tensors.find(t.name)) {
        fail("{}: tensor '{}' is in an earlier part of the model too", part.metadata.source(),
             printable(t.name));
      }
      model.tensors.add(t.name, t.tensor);
    }
  }
  if (model.tensors.all().size() != announced) {
    fail("{}: metadata key 'split.tensors.count': expected {} tensors in {} parts, found {}",
         model.metadata.source(), announced, name.parts, model.tensors.all().size());
  }
  return model;
}

}  // namespace

ModelFile open_gguf(const std::filesystem::path& path) {
  ModelFile model = open_part(path);
  const auto parts = model.metadata.get_or<std::uint64_t>("split.count", 1);
  if (parts <= 1) return model;
  const auto name = parse_split_name(path.string());
  if (!name) {
    fail("{}: one of {} parts of a split model: expected a file name ending in -0000N-of-{:05}.gguf",
         model.metadata.source(), parts, parts);
  }
  return open_all_parts(*name);
}

}  // namespace pith
