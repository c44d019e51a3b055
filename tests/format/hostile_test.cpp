// Files made to break a reader: each is an error of one line, at once and without memory that it does not
// justify. The kinds come from public advisories on GGUF readers: CVE-2024-21802 and its neighbours
// (overflowing products and lengths), CVE-2025-53630 and CVE-2026-27940 (sums of sizes), CVE-2026-33298
// (strides), CVE-2025-0315 (unbounded allocation), CVE-2025-0317 (alignment zero), CVE-2026-7482 (offset
// behind the end).
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "allocation_peak.h"
#include "base/error.h"
#include "format/gguf.h"
#include "format/huggingface.h"
#include "format/safetensors.h"
#include "gguf_draft.h"
#include "shared_data.h"
#include "temporary_folder.h"

namespace pith {
namespace {

using test::GgufDraft;
using test::raw;
using test::u32;
using test::u64;

constexpr std::uint64_t kMax = ~std::uint64_t{0};
constexpr std::size_t kAllowed = std::size_t{64} << 20;

// The error that reading `bytes` gives, or "" if it succeeds; checks what every error has to fulfil. The
// bytes are copied to a block of exactly their size, so that the address sanitizer sees a read behind the
// end.
std::string error_of(std::string_view bytes, const std::function<void(std::span<const std::byte>)>& read) {
  const auto block = std::make_unique<std::byte[]>(bytes.size());
  std::memcpy(block.get(), bytes.data(), bytes.size());
  std::string message;
  const std::size_t peak = test::allocation_peak([&] {
    try {
      read({block.get(), bytes.size()});
    } catch (const Error& e) {
      message = e.what();
    }
  });
  EXPECT_LE(peak, kAllowed) << message;
  if (!message.empty()) {
    EXPECT_TRUE(message.starts_with("m.model: ")) << message;
    EXPECT_EQ(message, printable(message, message.size())) << "one line that no terminal obeys";
    EXPECT_LT(message.size(), 500u) << message;
  }
  return message;
}

std::string gguf_error(std::string_view bytes) {
  return error_of(bytes, [](auto b) { parse_gguf(b, "m.model"); });
}

std::string safetensors_error(std::string_view bytes) {
  return error_of(bytes, [](auto b) {
    TensorTable table;
    parse_safetensors(b, "m.model", table);
  });
}

void expect_message(const std::string& found, std::string_view expected, const std::string& what) {
  EXPECT_NE(found.find(expected), std::string::npos)
      << what << "\n  expected: " << expected << "\n  found:    " << found;
}

TEST(HostileGguf, TheUnchangedDraftIsValid) {
  for (std::uint32_t version : {1u, 2u, 3u}) EXPECT_EQ(gguf_error(GgufDraft(version).file()), "");
}

struct Mutation {
  const char* what;
  std::function<void(GgufDraft&)> apply;
  const char* expected;
};

// Each row breaks one thing of the valid draft.
const std::vector<Mutation> kHeader = {
    {"magic", [](auto& d) { d.magic = "GGUX"; }, "expected 'GGUF' at byte 0, found 'GGUX'"},
    {"magic with an escape", [](auto& d) { d.magic = "\x1b[2J"; }, "found '\\x1b[2J'"},
    {"version 0", [](auto& d) { d.version = 0; }, "version at byte 4: expected 1 to 3, found 0"},
    {"version 4", [](auto& d) { d.version = 4; }, "version at byte 4: expected 1 to 3, found 4"},
    {"big-endian", [](auto& d) { d.version = 0x03000000; }, "a big-endian GGUF file"},
    {"tensor count 2^64-1", [](auto& d) { d.tensor_count = kMax; },
     "number of tensors at byte 8: 18446744073709551615"},
    {"tensor count 2^63", [](auto& d) { d.tensor_count = kMax / 2 + 1; }, "number of tensors at byte 8"},
    {"one tensor too many", [](auto& d) { d.tensor_count = 4; },
     "tensor name at byte 385: expected a name, found an empty one"},
    {"key count 2^64-1", [](auto& d) { d.key_count = kMax; }, "number of metadata keys at byte 16"},
    {"key count 2^32", [](auto& d) { d.key_count = std::uint64_t{1} << 32; }, "number of metadata keys"},
};

const std::vector<Mutation> kMetadata = {
    {"key length 2^64-1", [](auto& d) { d.keys[0] = u64(kMax); },
     "metadata key at byte 32: expected 18446744073709551615"},
    {"empty key", [](auto& d) { d.keys[0] = d.key("", u32(4) + u32(1)); },
     "metadata key at byte 24: expected a name"},
    {"key twice", [](auto& d) { d.keys[3] = d.keys[2]; }, "metadata key 'x.flag' at byte 121 occurs twice"},
    {"type 13", [](auto& d) { d.keys[3] = d.key("k", u32(13) + u32(0)); },
     "'k': type at byte 130: expected 0 to 12, found 13"},
    {"type 2^32-1", [](auto& d) { d.keys[3] = d.key("k", u32(0xffffffff)); },
     "expected 0 to 12, found 4294967295"},
    {"string length 2^64-1", [](auto& d) { d.keys[3] = d.key("k", u32(8) + u64(kMax)); },
     "metadata key 'k' at byte 142"},
    {"bool 2", [](auto& d) { d.keys[3] = d.key("k", u32(7) + "\2"); },
     "bool at byte 134: expected 0 or 1, found 2"},
    {"array of bool with 255", [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(7) + u64(2) + "\1\xff"); },
     "bool at byte 147: expected 0 or 1, found 255"},
    {"array of arrays", [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(9) + u64(1) + u32(4) + u64(0)); },
     "arrays of arrays are not supported"},
    {"array element type 13", [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(13) + u64(1)); }, "found 13"},
    {"array of strings 2^64-1", [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(8) + u64(kMax)); },
     "18446744073709551615 need at least 8 bytes each"},
    {"array of f64, size 2^61 (times 8 is 0)",
     [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(12) + u64(std::uint64_t{1} << 61)); },
     "need at least 8 bytes"},
    {"array of u8 2^63",
     [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(0) + u64(std::uint64_t{1} << 63)); },
     "need at least 1 bytes"},
    {"string in an array 2^64-1",
     [](auto& d) { d.keys[3] = d.key("k", u32(9) + u32(8) + u64(2) + u64(0) + u64(kMax)); },
     "metadata key 'k' at byte"},
    {"key that a terminal would obey", [](auto& d) { d.keys[3] = d.key("\x1b[31m\n", u32(13)); },
     "'\\x1b[31m\\x0a'"},
    {"alignment 0", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(4) + u32(0)); },
     "expected a power of two up to 1048576, found 0"},
    {"alignment 24", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(4) + u32(24)); }, "found 24"},
    {"alignment 2 MiB", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(4) + u32(1 << 21)); },
     "found 2097152"},
    {"alignment 2^31", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(4) + u32(1u << 31)); },
     "2147483648"},
    {"alignment as u64", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(10) + u64(32)); },
     "'general.alignment': expected u32, found u64"},
    {"alignment as string", [](auto& d) { d.keys[1] = d.key("general.alignment", u32(8) + d.text("32")); },
     "expected u32, found string"},
    {"alignment as array",
     [](auto& d) { d.keys[1] = d.key("general.alignment", u32(9) + u32(4) + u64(1) + u32(32)); },
     "expected u32, found array of u32"},
    {"alignment greater than the one used",
     [](auto& d) { d.keys[1] = d.key("general.alignment", u32(4) + u32(64)); }, "tensor 'b' at byte"},
};

const std::vector<Mutation> kTensors = {
    {"name length 2^64-1", [](auto& d) { d.tensors[0].name_length = kMax; }, "tensor name at byte"},
    {"empty name", [](auto& d) { d.tensors[0].name = ""; }, "expected a name, found an empty one"},
    {"name twice", [](auto& d) { d.tensors[1].name = "a"; }, "tensor 'a' at byte"},
    {"no dimension", [](auto& d) { d.tensors[0].dims = {}; }, "expected 1 to 4 dimensions, found 0"},
    {"five dimensions",
     [](auto& d) {
       d.tensors[0].dims = {1, 1, 1, 1, 1};
     },
     "expected 1 to 4 dimensions, found 5"},
    {"2^32-1 dimensions", [](auto& d) { d.tensors[0].n_dims = 0xffffffff; }, "dimensions, found 4294967295"},
    {"zero dimension", [](auto& d) { d.tensors[0].dims[1] = 0; },
     "tensor 'a' at byte 279: dimension 1 is zero"},
    {"dimension -1", [](auto& d) { d.tensors[0].dims[0] = kMax; },
     "the product of the dimensions exceeds 2^63"},
    {"product 2^64 is 0",
     [](auto& d) {
       d.tensors[0].dims = {std::uint64_t{1} << 32, std::uint64_t{1} << 32};
     },
     "the product of the dimensions exceeds 2^63 at dimension 1"},
    {"product 2^63",
     [](auto& d) {
       d.tensors[0].dims = {std::uint64_t{1} << 62, 2};
     },
     "exceeds 2^63"},
    {"four times 2^31-1",
     [](auto& d) {
       d.tensors[0].dims = {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff};
     },
     "exceeds 2^63"},
    {"bytes overflow", [](auto& d) { d.tensors[0].dims = {kMax / 2}; }, "bytes"},
    {"CVE-2026-27940: ne 0x7FFFFFFFFFFFFFC0 of one byte each, twice",
     [](auto& d) {
       for (int i : {0, 1}) d.tensors[i].dims = {0x7FFFFFFFFFFFFFC0}, d.tensors[i].type = 24;
     },
     "expected 9223372036854775744 bytes at offset 0"},
    {"rows of half a block",
     [](auto& d) {
       d.tensors[1].dims = {16, 2};
     },
     "Q8_0 needs rows of a multiple of 32 elements, found 16"},
    {"rows of a block and one", [](auto& d) { d.tensors[2].dims = {257}; },
     "Q4_K needs rows of a multiple of 256"},
    {"type 16", [](auto& d) { d.tensors[0].type = 16; }, "type IQ2_XXS is not supported"},
    {"type 34", [](auto& d) { d.tensors[0].type = 34; }, "type TQ1_0 is not supported"},
    {"type 40", [](auto& d) { d.tensors[0].type = 40; }, "type NVFP4 is not supported"},
    {"type 4, long removed", [](auto& d) { d.tensors[0].type = 4; }, "type Q4_2 is not supported"},
    {"type 999", [](auto& d) { d.tensors[0].type = 999; }, "unknown type 999"},
    {"type -1", [](auto& d) { d.tensors[0].type = 0xffffffff; }, "unknown type 4294967295"},
    {"offset not aligned", [](auto& d) { d.tensors[1].offset = 33; },
     "expected an offset that is a multiple of 32, found 33"},
    {"offset behind the end", [](auto& d) { d.tensors[1].offset = 4096; },
     "expected 34 bytes at offset 4096 of the data, found 240"},
    {"offset and size beyond the end", [](auto& d) { d.tensors[2].offset = 128; }, "tensor 'c' at byte"},
    {"offset near 2^64", [](auto& d) { d.tensors[1].offset = kMax - 31; },
     "expected 34 bytes at offset 18446744073709551584"},
    {"offset 2^63", [](auto& d) { d.tensors[1].offset = std::uint64_t{1} << 63; },
     "at offset 9223372036854775808"},
    {"same data twice", [](auto& d) { d.tensors[1].offset = 0; }, "its data overlaps that of tensor"},
    {"the last block overlaps", [](auto& d) { d.tensors[1].offset = 64; },
     "tensor 'c' at byte 377: its data overlaps that of tensor 'b'"},
    {"one byte missing at the end", [](auto& d) { d.data_bytes -= 1; }, "the file is truncated or wrong"},
    {"no data at all", [](auto& d) { d.data_bytes = 0; }, "found 0 bytes of data"},
    {"name that a terminal would obey",
     [](auto& d) { d.tensors[0].name = "\x1b]0;x\a", d.tensors[0].type = 99; }, "'\\x1b]0;x\\x07'"},
};

TEST(HostileGguf, EveryMutationIsAnErrorThatSaysWhatAndWhere) {
  for (const auto* table : {&kHeader, &kMetadata, &kTensors}) {
    for (const Mutation& m : *table) {
      GgufDraft draft;
      m.apply(draft);
      expect_message(gguf_error(draft.file()), m.expected, m.what);
    }
  }
}

TEST(HostileGguf, VersionOneCountsAreChecked) {
  GgufDraft draft(1);
  draft.key_count = 0xffffffff;
  expect_message(gguf_error(draft.file()), "number of metadata keys at byte 12: 4294967295", "v1 key count");
}

TEST(HostileGguf, OtherFilesAreRecognised) {
  struct Row {
    std::string bytes;
    const char* expected;
  };
  for (const Row& row : std::vector<Row>{
           {"GGU", "expected 'GGUF' at byte 0, found 'GGU'"},
           {"lmgg" + u32(1), "a GGML file of 2022"},
           {"tjgg" + u32(3), "a GGJT file of 2023"},
           {"FUGG" + u32(3), "big-endian"},
           {u64(2) + "{\"a\"}", "a safetensors file"},
           {"PK\x03\x04....", "a zip archive, perhaps PyTorch weights"},
           {"\x80\x02}q", "a Python pickle"},
           {"<!DOCTYPE html><html>", "an HTML page: the download went wrong"},
           {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"},
           {"{\"model_type\": 1}", "it looks like JSON"},
           {"just text", "expected 'GGUF' at byte 0, found 'just'"},
       }) {
    expect_message(gguf_error(row.bytes), row.expected, row.bytes);
  }
}

// Every proper prefix of the draft lacks something: its last tensor ends with the file.
TEST(HostileGguf, TruncatedAnywhere) {
  for (std::uint32_t version : {1u, 3u}) {
    const std::string file = GgufDraft(version).file();
    for (std::size_t n = 0; n < file.size(); ++n) {
      EXPECT_NE(gguf_error(std::string_view(file).substr(0, n)), "")
          << "version " << version << ", " << n << " bytes";
    }
  }
}

TEST(HostileGguf, ARealModelTruncated) {
  PITH_NEED_SHARED();
  const std::string file =
      read_file(test::shared_data() / "weights/stories260K/stories260Ktok512-llamacpp.gguf");
  const ModelFile model = parse_gguf(std::as_bytes(std::span(file)), "m.model");
  std::size_t data_begin = file.size(), data_end = 0;
  for (const NamedTensor& t : model.tensors.all()) {
    const auto begin = static_cast<std::size_t>(t.tensor.data - std::as_bytes(std::span(file)).data());
    data_begin = std::min(data_begin, begin);
    data_end = std::max(data_end, begin + static_cast<std::size_t>(t.tensor.bytes()));
  }
  const auto check = [&](std::size_t n) {
    EXPECT_NE(gguf_error(std::string_view(file).substr(0, n)), "") << n << " bytes";
  };
  for (std::size_t n = 0; n < data_begin; ++n) check(n);
  for (std::size_t i = 0; i < 200; ++i) check(data_begin + (data_end - data_begin) * i / 200);
}

// Files of 1 MB made of the entries that cost a reader most.
TEST(HostileGguf, ManyTinyEntriesStayBounded) {
  constexpr std::size_t kFile = 1'000'000;
  GgufDraft strings(1);
  strings.keys = {strings.key("k", u32(9) + u32(8) + u32(kFile / 4) + std::string(kFile / 4 * 4, '\0'))};
  EXPECT_EQ(gguf_error(strings.file()), "");

  GgufDraft keys(1);
  keys.keys.clear();
  for (std::uint32_t i = 1; i < kFile / 12; ++i)
    keys.keys.push_back(u32(3) + u32(i).substr(0, 3) + u32(7) + "\1");
  EXPECT_EQ(gguf_error(keys.file()), "");

  GgufDraft tensors(1);
  tensors.keys = {tensors.key("general.alignment", u32(4) + u32(1))};
  tensors.tensors.clear();
  for (std::uint32_t i = 1; i < kFile / 29; ++i) tensors.tensors.push_back({u32(i).substr(0, 3), {1}, 24, i});
  tensors.data_bytes = kFile / 29;
  EXPECT_EQ(gguf_error(tensors.file()), "");
}

// --- safetensors --------------------------------------------------------------------------------

std::string safetensors(std::string_view header, std::size_t data_bytes) {
  return u64(header.size()) + std::string(header) + std::string(data_bytes, '\x2a');
}

TEST(HostileSafetensors, EveryMutationIsAnErrorThatSaysWhat) {
  struct Row {
    std::string header;
    std::size_t data_bytes;
    const char* expected;  // "" for a valid file
  };
  const auto tensor = [](const char* rest) { return fmt::format(R"({{"w": {{{}}}}})", rest); };
  for (
      const Row& row : std::vector<Row>{
          {tensor(R"("dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24])") + "   ", 24, ""},
          {tensor(R"("dtype": "F64", "shape": [], "data_offsets": [0, 8])"), 8, ""},
          {R"({"__metadata__": {"format": "pt"}})", 0, ""},
          {"{}", 0, ""},
          {"{}", 1, "expected 0 bytes of data, found 1"},
          {"[]", 0, "header: expected a JSON object, found array"},
          {"{", 0, "invalid JSON"},
          {"", 0, "invalid JSON"},
          {std::string(100000, '{'), 0, "column 201: JSON nested deeper than 200"},
          {"{\"w\":" + std::string(1000, '[') + std::string(1000, ']') + "}", 0, "nested deeper than 200"},
          {R"({"w": 1})", 0, "tensor 'w': expected an object, found number"},
          {tensor(""), 0, "tensor 'w': 'dtype' is missing"},
          {tensor(R"("dtype": 1)"), 0, "'dtype': expected a string, found number"},
          {tensor(R"("dtype": "F8_E4M3")"), 0, "type F8_E4M3 is not supported"},
          {tensor(R"("dtype": "F4")"), 0, "type F4 is not supported"},
          {tensor(R"("dtype": "F32")"), 0, "'shape' is missing"},
          {tensor(R"("dtype": "F32", "shape": 3)"), 0, "'shape': expected an array, found number"},
          {tensor(R"("dtype": "F32", "shape": [-1])"), 0, "'shape': expected numbers of 0 or more, found -1"},
          {tensor(R"("dtype": "F32", "shape": [1.5])"), 0, "expected numbers of 0 or more, found 1.5"},
          {tensor(R"("dtype": "F32", "shape": ["2"])"), 0, "expected numbers of 0 or more"},
          {tensor(R"("dtype": "F32", "shape": [1,1,1,1,1])"), 0, "expected up to 4 dimensions, found 5"},
          {tensor(R"("dtype": "F32", "shape": [2, 0])"), 0, "dimension 1 is zero"},
          {tensor(R"("dtype": "F32", "shape": [4294967296, 4294967296])"), 0, "exceeds 2^63"},
          {tensor(R"("dtype": "F32", "shape": [18446744073709551615])"), 0, "exceeds 2^63"},
          {tensor(R"("dtype": "F32", "shape": [18446744073709551616])"), 0, "expected numbers of 0 or more"},
          {tensor(R"("dtype": "F32", "shape": [2])"), 8, "'data_offsets' is missing"},
          {tensor(R"("dtype": "F32", "shape": [2], "data_offsets": [0])"), 8,
           "expected begin and end, found [0]"},
          {tensor(R"("dtype": "F32", "shape": [2], "data_offsets": [8, 0])"), 8, "expected begin and end"},
          {tensor(R"("dtype": "F32", "shape": [2], "data_offsets": [0, 4])"), 8,
           "expected 2 elements of 4 bytes, found 4 bytes"},
          {tensor(R"("dtype": "F64", "shape": [4611686018427387904], "data_offsets": [0, 0])"), 0,
           "expected 4611686018427387904 elements of 8 bytes, found 0"},
          {tensor(R"("dtype": "F32", "shape": [2], "data_offsets": [0, 8])"), 7,
           "found 7 bytes of data: the file is truncated"},
          {tensor(R"("dtype": "F32", "shape": [2], "data_offsets": [4, 12])"), 12,
           "expected its data at offset 0"},
          {tensor(
               R"("dtype": "F32", "shape": [2], "data_offsets": [18446744073709551600, 18446744073709551608])"),
           8, "found 8 bytes of data"},
          {tensor(
               R"("dtype": "I8", "shape": [2], "data_offsets": [0, 2]}, "v": {"dtype": "I8", "shape": [2], "data_offsets": [1, 3])"),
           3, "tensor 'v': expected its data at offset 2, where the one before ends, found 1"},
          {tensor(
               R"("dtype": "I8", "shape": [1], "data_offsets": [0, 1]}, "w": {"dtype": "I8", "shape": [1], "data_offsets": [1, 2])"),
           2, "JSON key 'w' occurs twice"},
          {tensor(R"("dtype": "\u001b[31m\n", "shape": [1])"), 0, "type \\x1b[31m\\x0a is not supported"},
      }) {
    const std::string found = safetensors_error(safetensors(row.header, row.data_bytes));
    if (*row.expected == '\0') {
      EXPECT_EQ(found, "") << row.header;
    } else {
      expect_message(found, row.expected, row.header.substr(0, 200));
    }
  }
}

TEST(HostileSafetensors, HeaderLength) {
  expect_message(safetensors_error(u64(kMax) + "{}"), "header length at byte 0", "2^64-1");
  expect_message(safetensors_error(u64(3) + "{}"), "expected at most 2, found 3", "one too long");
  expect_message(safetensors_error("1234567"), "expected 8 bytes, found 7", "shorter than the length");
  expect_message(safetensors_error("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer",
                 "LFS");
  expect_message(safetensors_error("GGUF" + u32(3) + u64(1) + u64(1)), "it looks like a GGUF file", "GGUF");
}

TEST(HostileSafetensors, TruncatedAnywhere) {
  const std::string file =
      safetensors(R"({"w": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}})", 12);
  ASSERT_EQ(safetensors_error(file), "");
  for (std::size_t n = 0; n < file.size(); ++n) {
    EXPECT_NE(safetensors_error(std::string_view(file).substr(0, n)), "") << n;
  }
}

TEST(HostileSafetensors, ManyTinyEntriesStayBounded) {
  std::string list, object;
  while (list.size() < 900'000) list += "{},";
  for (int i = 0; object.size() < 900'000; ++i) object += fmt::format("\"{:x}\":0,", i);
  for (const std::string& header :
       {"{\"w\":[" + list + "0]}", "{\"__metadata__\":{" + object + "\"z\":0}}"}) {
    safetensors_error(safetensors(header, 0));  // valid or not: what counts is the memory
  }
}

// --- through the file system, as a user meets them ------------------------------------------------

TEST(HostileFiles, MessagesNameTheFile) {
  const test::TemporaryFolder folder;
  const auto error = [](const std::filesystem::path& path) -> std::string {
    try {
      open_gguf(path);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  expect_message(error(folder / "none.gguf"), "none.gguf: No such file or directory", "absent");
  expect_message(error(folder.path()), "expected a file, found a directory", "directory");
  expect_message(error(folder.write("empty.gguf", "")), "empty.gguf: the file is empty", "empty");
  expect_message(error(folder.write("bad\n.gguf", "text")), "bad\\x0a.gguf: not a GGUF file",
                 "line break in the name");
  EXPECT_EQ(error(folder.write("good.gguf", GgufDraft().file())), "");
}

TEST(HostileFiles, AHuggingFaceDirectoryOfNonsense) {
  const test::TemporaryFolder folder;
  const auto error = [&]() -> std::string {
    try {
      open_huggingface(folder.path());
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const std::string good = R"({"w": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]}})";
  folder.write("model.safetensors", safetensors(good, 1));
  struct Row {
    const char* file;
    std::string text;
    const char* expected;
  };
  folder.write("config.json", "{}");
  EXPECT_EQ(error(), "");
  for (const Row& row : std::vector<Row>{
           {"config.json", "", "config.json: column 1: invalid JSON"},
           {"config.json", std::string(100000, '['), "config.json: column 201: JSON nested deeper"},
           {"config.json", "\xff\xfe{}", "config.json: column 1: invalid JSON"},
           {"config.json", "3", "config.json: expected a JSON object, found number"},
           {"generation_config.json", "null", "generation_config.json: expected a JSON object, found null"},
           {"model.safetensors", "", "model.safetensors: the file is empty"},
           {"model.safetensors", safetensors(good, 0),
            "model.safetensors: tensor 'w': expected data up to offset 1"},
           {"model.safetensors.index.json", "{\"weight_map\": []}",
            "index.json: expected an object 'weight_map'"},
       }) {
    const std::string before = std::filesystem::exists(folder / row.file) ? read_file(folder / row.file) : "";
    folder.write(row.file, row.text);
    expect_message(error(), row.expected, row.file);
    if (before.empty()) {
      std::filesystem::remove(folder / row.file);
    } else {
      folder.write(row.file, before);
    }
  }
}

}  // namespace
}  // namespace pith
