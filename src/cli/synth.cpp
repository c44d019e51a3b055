// pith synth: a model file with random weights of a known shape, for benchmarks without downloads.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/loading.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "format/gguf.h"
#include "model/synth.h"
#include "text/made_up_vocabulary.h"

namespace pith::cli {
namespace {

using Json = nlohmann::ordered_json;

/// An option that replaces one of a shape's sizes.
struct Size {
  const char* option;
  std::int64_t Shape::*member;
  const char* help;
};
constexpr Size kSizes[] = {
    {"--layers", &Shape::layers, "layers"},
    {"--width", &Shape::width, "embedding size"},
    {"--heads", &Shape::heads, "query heads"},
    {"--kv-heads", &Shape::kv_heads, "key and value heads"},
    {"--head-dim", &Shape::head_dim, "size of a head"},
    {"--ffn", &Shape::ffn, "width of the FFN, or of one expert"},
    {"--experts", &Shape::experts, "experts of a layer; 0: dense"},
    {"--active", &Shape::active, "experts that a token takes"},
    {"--vocab", &Shape::vocab, "tokens of the vocabulary, at least 512"},
    {"--context", &Shape::context, "trained context"},
};

struct Synth {
  std::string shape, type, out;
  std::array<std::optional<std::int64_t>, std::size(kSizes)> sizes;
  std::uint64_t seed = 0;
  bool json = false;
};

template <class List>
std::string names_of(const List& list) {
  std::string names;
  for (const auto& row : list) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

Shape shape_of(const Synth& o) {
  const Shape* known = find_shape(o.shape);
  if (!known) fail_usage("synth: no shape '{}'; there are {}", printable(o.shape, 40), names_of(shapes()));
  Shape shape = *known;
  for (std::size_t i = 0; i < o.sizes.size(); ++i) {
    if (o.sizes[i]) shape.*kSizes[i].member = *o.sizes[i];
  }
  return shape;
}

void check_disk(const std::filesystem::path& out, std::uint64_t bytes) {
  std::error_code error;
  const std::filesystem::path folder = out.has_parent_path() ? out.parent_path() : ".";
  const auto space = std::filesystem::space(folder, error);
  if (!error && !std::filesystem::is_character_file(out, error) && space.available < bytes) {
    fail("{}: the weights take {}, the disk has {} left", printable(out.string()), size_string(bytes),
         size_string(space.available));
  }
}

// Where rows do not fit the type: asked of the planner again, over the file that it made.
std::vector<std::string> notes_of(const std::filesystem::path& out, const QuantRecipe& recipe) {
  std::vector<std::string> notes;
  if (!std::filesystem::is_regular_file(out)) return notes;  // /dev/null has nothing to look at
  const ModelFile file = open_gguf(out);
  const TypePlanner planner(recipe, file.tensors, [&](const std::string& line) { notes.push_back(line); });
  for (const NamedTensor& t : file.tensors.all()) planner.type_for(t);
  return notes;
}

int run(const Synth& o) {
  const Shape shape = shape_of(o);
  const QuantRecipe* recipe = find_quant_recipe(o.type);
  if (!recipe)
    fail_usage("synth: no type '{}'; there are {}", printable(o.type, 40), names_of(quant_recipes()));
  check_disk(o.out, synth_bytes(shape, *recipe));
  {
    Progress progress("synth");
    Metadata metadata = synth_metadata(shape, *recipe);
    add_made_up_vocabulary(metadata, static_cast<std::size_t>(shape.vocab));
    write_synth(o.out, metadata, shape, *recipe, o.seed, [&](std::uint64_t done, std::uint64_t total) {
      if (interrupted()) fail("interrupted; {} was not written", printable(o.out));
      progress.update(static_cast<double>(done) / static_cast<double>(total));
    });
  }
  const std::vector<std::string> notes = notes_of(o.out, *recipe);
  if (!notes.empty()) {
    note("{}{}", notes.front(),
         notes.size() == 1 ? ""
                           : fmt::format(" (and so on, {} notes in all: --json lists them)", notes.size()));
  }
  if (o.json) {
    write_out(to_json_text(Json{{"file", o.out},
                                {"shape", shape.name},
                                {"type", recipe->name},
                                {"seed", o.seed},
                                {"weight_bytes", synth_bytes(shape, *recipe)},
                                {"notes", notes}}) +
              "\n");
  }
  return 0;
}

}  // namespace

Action declare_synth(Options& options) {
  auto o = std::make_shared<Synth>();
  options.required("SHAPE", o->shape, names_of(shapes()));
  options.required("TYPE", o->type, names_of(quant_recipes()));
  options.required("OUT", o->out, "the new .gguf file; appears when it is complete");
  options.option("--seed", o->seed, "N", "another seed, other weights (0)");
  options.flag("--json", o->json, "say on standard output as JSON what was written");
  options.group("Sizes in place of the shape's");
  for (std::size_t i = 0; i < o->sizes.size(); ++i)
    options.option(kSizes[i].option, o->sizes[i], "N", kSizes[i].help);
  const std::string first(shapes().front().name);
  options.example("pith synth " + first + " Q4_0 model.gguf");
  options.example("pith synth " + first + " F16 tiny.gguf --layers 2 --vocab 512");
  return [o] { return run(*o); };
}

}  // namespace pith::cli
