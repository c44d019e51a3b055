#include "text/model_text.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "format/gguf.h"

namespace pith {

bool has_vocabulary(const Metadata& metadata) {
  const auto kind = metadata.find<std::string_view>("tokenizer.ggml.model");
  return kind && *kind != "no_vocab" && *kind != "none";
}

std::optional<Tokenizer> find_tokenizer(const ModelFile& file) {
  if (file.container == Container::HuggingFace) {
    if (!Tokenizer::is_in(file.path)) return std::nullopt;
    return Tokenizer::open(file.path);
  }
  if (!has_vocabulary(file.metadata)) return std::nullopt;
  return Tokenizer::from_metadata(file.metadata);
}

Tokenizer need_tokenizer(const ModelFile& file) {
  std::optional<Tokenizer> tokenizer = find_tokenizer(file);
  if (!tokenizer)
    fail("{}: has no vocabulary, so it takes no text; pith logits takes token ids",
         printable(file.path, 400));
  return *std::move(tokenizer);
}

namespace {

std::string template_in_folder(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "chat_template.jinja"))
    return read_file(folder / "chat_template.jinja");
  const std::filesystem::path path = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(path)) return "";
  const nlohmann::json config = parse_json(read_file(path), path.string());
  const auto found = config.is_object() ? config.find("chat_template") : config.end();
  if (found == config.end() || found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  // A list of named templates, of which one is the default.
  for (const auto& entry : *found) {
    if (entry.is_object() && entry.value("name", "") == "default" && entry.contains("template") &&
        entry["template"].is_string()) {
      return entry["template"].get<std::string>();
    }
  }
  fail("{}: 'chat_template': expected a text, or a list with one named 'default'", path.string());
}

}  // namespace

std::string find_chat_template(const ModelFile& file) {
  if (file.container == Container::HuggingFace) return template_in_folder(file.path);
  return std::string(file.metadata.get_or<std::string_view>("tokenizer.chat_template", ""));
}

std::string find_chat_template(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return template_in_folder(path);
  return is_gguf(path) ? find_chat_template(open_gguf(path)) : template_in_folder(path.parent_path());
}

}  // namespace pith
