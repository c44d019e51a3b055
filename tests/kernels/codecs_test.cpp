// Decoding stored types: against blocks that the gguf Python package decoded (tools/make_quant_fixtures.py).
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace pith {
namespace {

struct Fixture {
  const TypeInfo* type;
  std::string bytes;
  std::vector<float> values;
};

std::vector<Fixture> read_fixtures() {
  std::ifstream in(PITH_SOURCE_DIR "/tests/data/kernels/blocks.bin", std::ios::binary);
  std::vector<Fixture> all;
  std::uint32_t header[2];
  while (in.read(reinterpret_cast<char*>(header), sizeof header)) {
    Fixture f;
    f.type = find_type(header[0]);
    f.bytes.resize(header[1] / static_cast<std::size_t>(f.type->block) *
                   static_cast<std::size_t>(f.type->bytes));
    f.values.resize(header[1]);
    in.read(f.bytes.data(), static_cast<std::streamsize>(f.bytes.size()));
    in.read(reinterpret_cast<char*>(f.values.data()), static_cast<std::streamsize>(4 * f.values.size()));
    EXPECT_TRUE(in.good());
    all.push_back(std::move(f));
  }
  return all;
}

TEST(Codecs, DecodeAsTheGgufPackageDoes) {
  const std::vector<Fixture> fixtures = read_fixtures();
  EXPECT_EQ(fixtures.size(), 15u);
  for (const Fixture& f : fixtures) {
    std::vector<float> y(f.values.size());
    const std::string shifted = "#" + f.bytes;  // odd alignment
    kernels_at("scalar")->decode[static_cast<std::size_t>(f.type->type)](y.data(), shifted.data() + 1,
                                                                         static_cast<std::int64_t>(y.size()));
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(y[i], f.values[i]) << f.type->name << " element " << i;
    }
  }
}

}  // namespace
}  // namespace pith
