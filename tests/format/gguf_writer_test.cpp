#include "format/gguf_writer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>

#include "base/error.h"
#include "format/gguf.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using test::shared_data;
using test::TemporaryFolder;

std::span<const std::byte> bytes_of(const Tensor& t) { return {t.data, static_cast<std::size_t>(t.bytes())}; }

// Writes the model, each tensor in pieces of `piece` bytes.
void write_model(const std::filesystem::path& path, const ModelFile& model, std::size_t piece) {
  std::vector<TensorPlan> plans;
  for (const NamedTensor& t : model.tensors.all()) plans.push_back({t.name, t.tensor});
  write_gguf(path, model.metadata, plans, [&](std::size_t i, const ByteSink& sink) {
    auto rest = bytes_of(plans[i].tensor);
    while (!rest.empty()) {
      const std::size_t n = std::min(piece, rest.size());
      sink(rest.first(n));
      rest = rest.subspan(n);
    }
  });
}

void expect_equal(const ModelFile& a, const ModelFile& b) {
  ASSERT_EQ(a.metadata.entries().size(), b.metadata.entries().size());
  for (std::size_t i = 0; i < a.metadata.entries().size(); ++i) {
    const auto& [key, x] = a.metadata.entries()[i];
    const MetaValue& y = b.metadata.entries()[i].value;
    EXPECT_EQ(key, b.metadata.entries()[i].key);
    ASSERT_TRUE(x.type == y.type && x.array == y.array && x.count == y.count) << key;
    EXPECT_EQ(x.strings, y.strings) << key;
    if (x.type != MetaType::String) {
      EXPECT_EQ(std::memcmp(x.data, y.data, x.count * size_of(x.type)), 0) << key;
    }
  }
  ASSERT_EQ(a.tensors.all().size(), b.tensors.all().size());
  for (std::size_t i = 0; i < a.tensors.all().size(); ++i) {
    const auto& [name, x] = a.tensors.all()[i];
    const Tensor& y = b.tensors.all()[i].tensor;
    EXPECT_EQ(name, b.tensors.all()[i].name);
    ASSERT_TRUE(x.type == y.type && x.ne == y.ne) << name;
    EXPECT_TRUE(std::ranges::equal(bytes_of(x), bytes_of(y))) << name;
  }
}

// llama.cpp's writer made these files: the same bytes must come out again.
TEST(GgufWriter, EveryArchitectureSurvivesARoundTripByteForByte) {
  PITH_NEED_SHARED();
  const TemporaryFolder folder;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared_data() / "archs")) {
    if (entry.path().extension() != ".gguf") continue;
    SCOPED_TRACE(entry.path().string());
    const ModelFile model = open_gguf(entry.path());
    write_model(folder / "copy.gguf", model, 100'000);
    expect_equal(model, open_gguf(folder / "copy.gguf"));
    EXPECT_TRUE(read_file(folder / "copy.gguf") == read_file(entry.path()));
    ++files;
  }
  EXPECT_EQ(files, 29);
}

TEST(GgufWriter, VersionOneBecomesVersionThree) {
  PITH_NEED_SHARED();
  const TemporaryFolder folder;
  const ModelFile model = open_gguf(shared_data() / "weights/stories260K/stories260K-f32.gguf");
  write_model(folder / "v3.gguf", model, 1 << 20);
  expect_equal(model, open_gguf(folder / "v3.gguf"));
  EXPECT_EQ(read_file(folder / "v3.gguf")[4], 3);
}

std::string random_text(std::mt19937& rng, std::size_t least) {
  std::string text(least + rng() % 12, '\0');
  for (char& c : text) c = static_cast<char>(rng());
  return text;
}

template <class T>
void set_random(Metadata& metadata, const std::string& key, std::mt19937& rng) {
  const auto value = [&] {
    if constexpr (std::is_same_v<T, bool>) return rng() % 2 == 0;
    return static_cast<T>(rng());
  };
  if (rng() % 2) return metadata.set(key, value());
  std::vector<T> values(rng() % 20);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value();
  metadata.set(key, values);
}

Metadata random_metadata(std::mt19937& rng) {
  Metadata metadata("random");
  metadata.set("general.alignment", std::uint32_t{1} << rng() % 8);
  for (std::size_t i = 0, n = rng() % 30; i < n; ++i) {
    const std::string key = random_text(rng, 1) + std::to_string(i);
    switch (rng() % 9) {
      case 0: set_random<bool>(metadata, key, rng); break;
      case 1: set_random<std::int32_t>(metadata, key, rng); break;
      case 2: set_random<std::uint32_t>(metadata, key, rng); break;
      case 3: set_random<std::int64_t>(metadata, key, rng); break;
      case 4: set_random<std::uint64_t>(metadata, key, rng); break;
      case 5: set_random<float>(metadata, key, rng); break;
      case 6: set_random<double>(metadata, key, rng); break;
      case 7: metadata.set(key, random_text(rng, 0)); break;
      default: {
        std::vector<std::string> texts(rng() % 5);
        for (std::string& t : texts) t = random_text(rng, 0);
        metadata.set(key, std::vector<std::string_view>(texts.begin(), texts.end()));
      }
    }
  }
  return metadata;
}

TEST(GgufWriter, RandomFilesSurviveARoundTrip) {
  const TemporaryFolder folder;
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    ModelFile model;
    model.metadata = random_metadata(rng);
    std::deque<std::vector<std::byte>> data;
    for (std::size_t i = 0, n = rng() % 12; i < n; ++i) {
      const TypeInfo& type = kTypes[rng() % kTypes.size()];
      Tensor t{type.type, {}, nullptr};
      const auto size = [&](unsigned limit) { return static_cast<std::int64_t>(1 + rng() % limit); };
      t.ne = {type.block * size(4), size(3), size(3), size(3)};
      data.emplace_back(static_cast<std::size_t>(t.bytes()));
      for (std::byte& b : data.back()) b = static_cast<std::byte>(rng());
      t.data = data.back().data();
      model.tensors.add(random_text(rng, 0) + std::to_string(i), t);
    }
    write_model(folder / "random.gguf", model, 1 + rng() % 500);
    expect_equal(model, open_gguf(folder / "random.gguf"));
  }
}

TEST(GgufWriter, NothingIsLeftWhenItFails) {
  const TemporaryFolder folder;
  const std::vector<TensorPlan> plans = {{"w", {DType::F32, {4, 1, 1, 1}, nullptr}}};
  const std::array<std::byte, 16> bytes{};
  const auto write = [&](std::size_t count, const std::filesystem::path& path) {
    write_gguf(path, Metadata(), plans,
               [&](std::size_t, const ByteSink& sink) { sink(std::span(bytes).first(count)); });
  };
  EXPECT_THROW(write(15, folder / "m.gguf"), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  write(16, folder / "m.gguf");
  EXPECT_EQ(open_gguf(folder / "m.gguf").tensors.all().size(), 1u);
  EXPECT_THROW(write(16, folder / "no" / "m.gguf"), Error);
  EXPECT_THROW(write(16, "/dev/full"), Error);
}

TEST(GgufWriter, RefusesWhatTheReaderWouldRefuse) {
  const TemporaryFolder folder;
  const auto write = [&](const Metadata& metadata, std::vector<TensorPlan> plans) {
    write_gguf(folder / "m.gguf", metadata, plans, [](std::size_t, const ByteSink&) {});
  };
  const Tensor scalar{DType::F32, {1, 1, 1, 1}, nullptr};
  EXPECT_THROW(write(Metadata(), {{"w", scalar}, {"w", scalar}}), Error);
  EXPECT_THROW(write(Metadata(), {{"", scalar}}), Error);
  Metadata odd;
  odd.set("general.alignment", std::uint32_t{24});
  EXPECT_THROW(write(odd, {}), Error);
}

TEST(GgufSplit, AnyPartOpensTheWhole) {
  const TemporaryFolder folder;
  const auto part_name = [](int i) { return fmt::format("m-{:05}-of-00003.gguf", i + 1); };
  const auto write_part = [&](const std::string& name, std::uint16_t no, std::uint16_t count,
                              const char* tensor, float value) {
    Metadata metadata;
    if (no == 0) metadata.set("general.name", "whole");
    metadata.set("split.no", std::uint32_t{no});
    metadata.set("split.count", std::uint32_t{count});
    metadata.set("split.tensors.count", std::int32_t{3});
    const std::vector<TensorPlan> plans = {{tensor, {DType::F32, {1, 1, 1, 1}, nullptr}}};
    write_gguf(folder / name, metadata, plans,
               [&](std::size_t, const ByteSink& sink) { sink(std::as_bytes(std::span(&value, 1))); });
  };
  const auto error = [&](const std::string& name) -> std::string {
    try {
      open_gguf(folder / name);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  const auto write_all = [&] {
    for (int i = 0; i < 3; ++i) {
      write_part(part_name(i), static_cast<std::uint16_t>(i), 3, fmt::format("t{}", i).c_str(), float(i));
    }
  };

  write_all();
  for (int i = 0; i < 3; ++i) {
    const ModelFile model = open_gguf(folder / part_name(i));
    EXPECT_EQ(model.files.size(), 3u);
    EXPECT_EQ(model.metadata.get<std::string_view>("general.name"), "whole");
    EXPECT_FALSE(model.metadata.has("split.count"));
    for (int t = 0; t < 3; ++t) {
      const Tensor* tensor = model.tensors.find(fmt::format("t{}", t));
      ASSERT_TRUE(tensor);
      float value = -1;
      std::memcpy(&value, tensor->data, sizeof value);
      EXPECT_EQ(value, float(t));
    }
  }

  std::filesystem::copy_file(folder / part_name(1), folder / "renamed.gguf");
  EXPECT_NE(error("renamed.gguf").find("expected a file name ending in -0000N-of-00003.gguf"),
            std::string::npos);
  write_part(part_name(1), 2, 3, "t1", 1);
  EXPECT_NE(error(part_name(0)).find("'split.no': expected 1"), std::string::npos);
  write_part(part_name(1), 1, 4, "t1", 1);
  EXPECT_NE(error(part_name(0)).find("'split.count': expected 3"), std::string::npos);
  write_part(part_name(1), 1, 3, "t0", 1);
  EXPECT_NE(error(part_name(0)).find("tensor 't0' is in an earlier part"), std::string::npos);
  write_part(part_name(1), 1, 3, "t1", 1);
  std::filesystem::remove(folder / part_name(2));
  EXPECT_NE(error(part_name(0)).find("m-00003-of-00003.gguf: No such file"), std::string::npos);
}

}  // namespace
}  // namespace pith
