// pith quantize: a model file with its weights in another storage type.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "format/requantize.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Quantize {
  std::string in, out, type;
  int threads = 0;
  bool json = false, verbose = false;
};

std::string recipe_names() {
  std::string names;
  for (const QuantRecipe& r : quant_recipes()) names += (names.empty() ? "" : ", ") + std::string(r.name);
  return names;
}

int run(const Quantize& o) {
  const QuantRecipe* recipe = find_quant_recipe(o.type);
  if (!recipe) {
    fail_usage("quantize: no type '{}'; there are {}", printable(o.type, 40), recipe_names());
  }
  if (o.threads < 0 || o.threads > 1024) fail_usage("--threads: expected 1 to 1024, found {}", o.threads);
  const ModelFile file = open_model_file(find_model(o.in));
  if (file.container != Container::Gguf)
    fail("{}: a Hugging Face directory; pith convert makes a GGUF file of it first", printable(file.path));
  refuse_same_file(file, o.out);
  std::uint64_t before = 0;
  for (const NamedTensor& t : file.tensors.all()) before += static_cast<std::uint64_t>(t.tensor.bytes());
  std::vector<std::string> notes;
  {
    Progress progress("quantize");
    QuantizeCallbacks callbacks;
    callbacks.progress = [&](std::int64_t done, std::int64_t total) {
      if (interrupted()) fail("interrupted; {} was not written", printable(o.out));
      progress.update(total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1);
    };
    callbacks.note = [&](const std::string& line) { notes.push_back(line); };
    quantize_model(file, o.out, *recipe, o.threads > 0 ? o.threads : default_threads().threads, callbacks);
  }
  if (o.verbose) {
    for (const std::string& line : notes) write_note(line);
  } else if (!notes.empty()) {
    note("{}{}", notes.front(),
         notes.size() == 1
             ? ""
             : fmt::format(" (and so on, {} notes in all: --verbose lists them)", notes.size()));
  }
  const std::uint64_t after = std::filesystem::file_size(o.out);
  if (o.json) {
    write_out(to_json_text({{"file", o.out},
                            {"type", recipe->name},
                            {"weight_bytes_before", before},
                            {"file_bytes", after},
                            {"notes", notes}}) +
              "\n");
  } else if (o.verbose) {
    note("{}: weights {}, {}: {}", printable(file.path), size_string(before), printable(o.out),
         size_string(after));
  }
  return 0;
}

}  // namespace

Action declare_quantize(Options& options) {
  auto o = std::make_shared<Quantize>();
  options.required("IN", o->in, "the model: a .gguf file or any part of a split one");
  options.required("OUT", o->out, "the new .gguf file; appears when it is complete");
  options.required("TYPE", o->type, recipe_names());
  options.option("-t,--threads", o->threads, "N",
                 "threads; default: the physical cores this process may use");
  options.flag("--json", o->json, "say on standard output as JSON what was written");
  options.flag("--verbose", o->verbose, "sizes before and after on stderr");
  options.example("pith quantize model-f16.gguf model-q4_k_m.gguf Q4_K_M");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
