// The tokenizer and the chat template that come with a model, whatever its container.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "format/model_file.h"
#include "text/tokenizer.h"

namespace pith {

/// Whether the metadata of a GGUF file hold a vocabulary.
bool has_vocabulary(const Metadata& metadata);

/// The tokenizer in a model file or directory; nothing where there is none. Throws Error.
std::optional<Tokenizer> find_tokenizer(const ModelFile& file);
/// The same for what takes text: throws Error where there is none.
Tokenizer need_tokenizer(const ModelFile& file);

/// The source of the model's chat template: tokenizer.chat_template of GGUF; chat_template.jinja, else the
/// one in tokenizer_config.json. Empty where it has none. Throws Error.
std::string find_chat_template(const ModelFile& file);
/// The same of a path whose tensors do not matter: a GGUF file, a directory, a tokenizer file in one.
std::string find_chat_template(const std::filesystem::path& path);

}  // namespace pith
