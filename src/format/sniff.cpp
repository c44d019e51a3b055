#include "format/sniff.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace pith {
namespace {

using namespace std::literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view meaning;
};
constexpr std::array kSignatures = {
    Signature{0, "GGUF"sv, "a GGUF file"},
    Signature{0, "FUGG"sv, "a byte-swapped (big-endian) GGUF file"},
    Signature{0, "lmgg"sv, "a GGML file of 2022, the predecessor of GGUF: convert the original model again"},
    Signature{0, "fmgg"sv, "a GGMF file of 2023, the predecessor of GGUF: convert the original model again"},
    Signature{0, "tjgg"sv, "a GGJT file of 2023, the predecessor of GGUF: convert the original model again"},
    Signature{0, "algg"sv, "a GGLA adapter of 2023, the predecessor of GGUF"},
    Signature{0, "version https://git-lfs"sv, "a Git LFS pointer: fetch the real file with 'git lfs pull'"},
    Signature{0, "<!DOCTYPE"sv, "an HTML page: the download went wrong"},
    Signature{0, "<!doctype"sv, "an HTML page: the download went wrong"},
    Signature{0, "<html"sv, "an HTML page: the download went wrong"},
    Signature{8, "{\""sv, "a safetensors file: give the directory that holds it and its config.json"},
    Signature{0, "PK\x03\x04"sv, "a zip archive, perhaps PyTorch weights: convert them to safetensors"},
    Signature{0, "\x80\x02"sv, "a Python pickle, perhaps PyTorch weights: convert them to safetensors"},
    Signature{0, "\x89HDF"sv, "an HDF5 file"},
    Signature{0, "\x1f\x8b"sv, "a gzip archive: unpack it first"},
    Signature{0, "\x28\xb5\x2f\xfd"sv, "a Zstandard archive: unpack it first"},
    Signature{0,
              "\xfd"
              "7zXZ"sv,
              "an xz archive: unpack it first"},
    Signature{0, "{"sv, "JSON"},
};

}  // namespace

std::string_view looks_like(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 64)));
  for (const Signature& s : kSignatures) {
    if (text.size() > s.offset && text.substr(s.offset).starts_with(s.bytes)) return s.meaning;
  }
  return {};
}

}  // namespace pith
