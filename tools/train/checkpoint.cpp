#include "train/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "train/net/parameters.h"

namespace pith::lab {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "pithlab1";

// The dimensions by their names in a config and in a checkpoint.
struct Dimension {
  const char* name;
  std::int64_t Shape::*member;
};
constexpr Dimension kDimensions[] = {
    {"width", &Shape::width},       {"layers", &Shape::layers},     {"heads", &Shape::heads},
    {"kv_heads", &Shape::kv_heads}, {"head_dim", &Shape::head_dim}, {"ffn", &Shape::ffn},
    {"experts", &Shape::experts},   {"active", &Shape::active},     {"context", &Shape::context},
};

std::span<const std::byte> bytes_of(const std::vector<float>& values) {
  return std::as_bytes(std::span(values));
}

}  // namespace

double Checkpoint::number(const std::string& name) const {
  const auto found = state.find(name);
  if (found == state.end()) fail("the checkpoint has no '{}': it is of another kind of run", name);
  return found->second;
}

Shape read_shape(const Config& config, std::int64_t vocab) {
  Shape shape;
  shape.vocab = vocab;
  for (const Dimension& d : kDimensions) shape.*d.member = config.integer(d.name, 0, 1 << 20);
  shape.rope_base = config.number("rope_base", 1, 1e9);
  shape.norm_eps = config.number("norm_eps", 1e-12, 1e-2);
  shape.check();
  return shape;
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  json shape = {{"vocab", checkpoint.shape.vocab},
                {"rope_base", checkpoint.shape.rope_base},
                {"norm_eps", checkpoint.shape.norm_eps}};
  for (const Dimension& d : kDimensions) shape[d.name] = checkpoint.shape.*d.member;
  const std::string header =
      json{{"shape", shape}, {"state", checkpoint.state}, {"config", checkpoint.config}}.dump();
  const std::uint64_t length = header.size();

  AtomicFile file(path);
  Hash hash;
  const auto write = [&](std::span<const std::byte> bytes) {
    hash.add(bytes);
    file.write(bytes);
  };
  write(std::as_bytes(std::span(kMagic)));
  write(std::as_bytes(std::span(&length, 1)));
  write(std::as_bytes(std::span(header)));
  for (const auto* part : {&checkpoint.parameters, &checkpoint.first, &checkpoint.second})
    write(bytes_of(*part));
  const std::uint64_t sum = hash.value();
  file.write(std::as_bytes(std::span(&sum, 1)));
  file.commit();
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const std::string name = printable(path.string(), 400);
  const auto file = MappedFile::open(path);
  std::span<const std::byte> rest = file->bytes();
  const auto take = [&](std::size_t size) {
    if (size > rest.size())
      fail("{}: damaged: it ends early; remove it to go on from the checkpoint before it", name);
    const auto piece = rest.first(size);
    rest = rest.subspan(size);
    return piece;
  };
  const auto take_number = [&] {
    std::uint64_t value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  };
  Hash hash;
  const auto take_hashed = [&](std::size_t size) {
    const auto piece = take(size);
    hash.add(piece);
    return piece;
  };

  const auto magic = take_hashed(kMagic.size());
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
    fail("{}: not a checkpoint of pith-lab", name);
  std::uint64_t length;
  std::memcpy(&length, take_hashed(sizeof length).data(), sizeof length);
  const auto header = take_hashed(length);
  const json parsed =
      parse_json({reinterpret_cast<const char*>(header.data()), header.size()}, name + " (header)");

  Checkpoint out;
  try {
    const json& shape = parsed.at("shape");
    shape.at("vocab").get_to(out.shape.vocab);
    shape.at("rope_base").get_to(out.shape.rope_base);
    shape.at("norm_eps").get_to(out.shape.norm_eps);
    for (const Dimension& d : kDimensions) shape.at(d.name).get_to(out.shape.*d.member);
    parsed.at("state").get_to(out.state);
    parsed.at("config").get_to(out.config);
  } catch (const json::exception&) {
    fail("{}: damaged: its header lacks what a checkpoint has", name);
  }
  out.shape.check();
  const auto count = static_cast<std::size_t>(Layout(out.shape).size);
  for (auto* part : {&out.parameters, &out.first, &out.second}) {
    const auto piece = take_hashed(count * sizeof(float));
    part->resize(count);
    std::memcpy(part->data(), piece.data(), piece.size());
  }
  if (take_number() != hash.value() || !rest.empty())
    fail("{}: damaged: its checksum is wrong; remove it to go on from the checkpoint before it", name);
  return out;
}

namespace {

constexpr std::string_view kPrefix = "checkpoint-";

// Of a run, earliest first.
std::vector<std::filesystem::path> checkpoints(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(run)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) &&
        name.find_first_not_of("0123456789", kPrefix.size()) == std::string::npos)
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::filesystem::path checkpoint_path(const std::filesystem::path& run, std::int64_t step) {
  return run / fmt::format("{}{:08}", kPrefix, step);
}

std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run) {
  const auto found = checkpoints(run);
  if (found.empty()) return std::nullopt;
  return found.back();
}

void remove_old_checkpoints(const std::filesystem::path& run, std::size_t keep) {
  const auto found = checkpoints(run);
  for (std::size_t i = 0; i + keep < found.size(); ++i) std::filesystem::remove(found[i]);
}

}  // namespace pith::lab
