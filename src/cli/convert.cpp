// pith convert: a Hugging Face directory becomes one GGUF file.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "model/convert.h"
#include "text/model_text.h"

namespace pith::cli {
namespace {

struct Convert {
  std::string in, out;
  bool json = false, verbose = false;
};

// general.file_type of GGUF for what most weights are stored as.
std::uint32_t file_type(const Model& model) {
  std::int64_t f16 = 0, bf16 = 0, all = 0;
  for (const NamedTensor& t : model.file.tensors.all()) {
    all += t.tensor.elements();
    if (t.tensor.type == DType::F16) f16 += t.tensor.elements();
    if (t.tensor.type == DType::BF16) bf16 += t.tensor.elements();
  }
  constexpr std::uint32_t kF32 = 0, kF16 = 1, kBf16 = 32;
  return f16 * 2 > all ? kF16 : bf16 * 2 > all ? kBf16 : kF32;
}

Metadata make_metadata(const Model& model, const Convert& o) {
  Metadata metadata(model.file.metadata.source());
  for (const Metadata::Entry& e : model.file.metadata.entries()) {
    // GGUF's sizes are unsigned, and its readers insist on that.
    const bool size = e.value.type == MetaType::I32 && !e.value.array;
    const auto value = size ? model.file.metadata.find<std::int32_t>(e.key) : std::nullopt;
    if (value && *value >= 0) {
      metadata.set(e.key, static_cast<std::uint32_t>(*value));
    } else {
      metadata.add_raw(e.key, e.value);
    }
  }
  metadata.set("general.type", "model");
  std::filesystem::path folder = std::filesystem::weakly_canonical(o.in);
  metadata.set("general.name", folder.filename().string());
  metadata.set("general.file_type", file_type(model));
  if (const std::optional<Tokenizer> tokenizer = find_tokenizer(model.file)) {
    tokenizer->to_metadata(metadata);
    const std::string source = find_chat_template(model.file);
    if (!source.empty()) metadata.set("tokenizer.chat_template", source);
  } else {
    metadata.set("tokenizer.ggml.model", "no_vocab");
    note("{}: no tokenizer here, so the new file has no vocabulary", printable(o.in));
  }
  return metadata;
}

int run(const Convert& o) {
  const std::filesystem::path path = find_model(o.in);
  if (!std::filesystem::is_directory(path))
    fail("{}: expected a Hugging Face directory", printable(path.string()));
  const std::shared_ptr<const Model> model = open_model(path, Purpose::Convert);
  refuse_same_file(model->file, o.out);
  {
    Progress progress("convert");
    write_as_gguf(*model, make_metadata(*model, o), o.out, [&](std::size_t done, std::size_t total) {
      if (interrupted()) fail("interrupted; {} was not written", printable(o.out));
      progress.update(static_cast<double>(done) / static_cast<double>(total));
    });
  }
  const std::uint64_t bytes = std::filesystem::file_size(o.out);
  if (o.json) {
    write_out(to_json_text({{"file", o.out}, {"architecture", model->arch->name}, {"file_bytes", bytes}}) +
              "\n");
  } else if (o.verbose) {
    note("{}: {}, {}", printable(o.out), model->arch->name, size_string(bytes));
  }
  return 0;
}

}  // namespace

Action declare_convert(Options& options) {
  auto o = std::make_shared<Convert>();
  options.required("HF_DIR", o->in, "config.json, safetensors and, where there is one, a tokenizer");
  options.required("OUT", o->out, "the new .gguf file; appears when it is complete");
  options.flag("--json", o->json, "say on standard output as JSON what was written");
  options.flag("--verbose", o->verbose, "say on stderr what was written");
  options.example("pith convert ./checkpoint model.gguf");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
