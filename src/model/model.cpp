#include "model/model.h"

#include "base/error.h"
#include "format/gguf.h"
#include "format/huggingface.h"
#include "model/read_spec.h"
#include "model/translate.h"

namespace pith {

std::uint64_t Model::weight_bytes() const {
  std::uint64_t sum = 0;
  for (const NamedTensor& t : file.tensors.all()) sum += static_cast<std::uint64_t>(t.tensor.bytes());
  return sum;
}

std::uint64_t Model::parameters() const {
  std::uint64_t sum = 0;
  for (const NamedTensor& t : file.tensors.all()) sum += static_cast<std::uint64_t>(t.tensor.elements());
  return sum;
}

std::uint64_t Model::active_parameters() const {
  std::uint64_t sum = parameters();
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    const MoeSpec& m = spec.layers[i].ffn.moe;
    for (std::size_t e = static_cast<std::size_t>(m.active); e < weights.layers[i].moe.experts.size(); ++e) {
      const FfnWeights& expert = weights.layers[i].moe.experts[e];
      for (const Linear* w : {&expert.gate, &expert.up, &expert.down})
        sum -= static_cast<std::uint64_t>(*w ? w->weight.elements() : 0);
    }
  }
  return sum;
}

ModelFile open_model_file(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) ? from_huggingface(open_huggingface(path)) : open_gguf(path);
}

std::shared_ptr<const Model> open_model(const std::filesystem::path& path, Purpose purpose) {
  auto model = std::make_shared<Model>();
  model->file = open_model_file(path);
  const auto name = model->file.metadata.get<std::string_view>("general.architecture");
  model->arch = find_arch(name);
  if (!model->arch) {
    fail("{}: architecture '{}' is not supported (supported: {})", model->file.path, printable(name),
         arch_list());
  }
  model->spec = read_spec(*model->arch, model->file);
  model->weights = bind_weights(*model->arch, model->spec, model->file, purpose);
  return model;
}

}  // namespace pith
