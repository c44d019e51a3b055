// A Hugging Face checkpoint on its way into GGUF's words: what the parts of translate.h share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "format/model_file.h"
#include "model/archs.h"
#include "model/config_json.h"

namespace pith {

struct Translation {
  const Arch& arch;
  ConfigJson config;  ///< of the language model
  ModelFile& file;    ///< what comes of it

  /// GGUF's key of this architecture.
  std::string key(std::string_view ours) const { return std::string(arch.name) + "." + std::string(ours); }
  bool has(std::string_view ours) const { return file.metadata.has(key(ours)); }
  template <class T>
  T get(std::string_view ours) const {
    return file.metadata.get<T>(key(ours));
  }

  template <class T>
  void set(std::string_view ours, const T& value) {
    file.metadata.set(key(ours), value);
  }
  template <class T>
  void set(std::string_view ours, const std::optional<T>& value) {
    if (value) set(ours, *value);
  }
  /// GGUF's floating-point numbers are F32.
  void set_float(std::string_view ours, std::optional<double> value) {
    if (value) set(ours, static_cast<float>(*value));
  }
};

/// Sizes, counts, epsilons, scales; which layers have a window or another size of heads. Throws Error.
void translate_numbers(Translation& t);

/// Rotary positions: base, scaling, and the tensors of divisors that GGUF has where config.json has a
/// formula. Throws Error. After the numbers.
void translate_rope(Translation& t);

}  // namespace pith
