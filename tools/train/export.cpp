#include "train/export.h"

#include "train/model_file.h"
#include "train/training_run.h"

namespace pith::lab {

void export_model(const Config& config) {
  const std::filesystem::path from = config.text("checkpoint"), out = config.text("out");
  const ModelFileOptions options{.name = config.text("name"),
                                 .tokenizer = config.text("tokenizer"),
                                 .type = config.text("type"),
                                 .scalar_head = config.flag("reward")};
  config.finish();
  const Checkpoint checkpoint = fresh_start(from);
  if (out.has_parent_path()) std::filesystem::create_directories(out.parent_path());
  write_model_file(out, checkpoint.shape, checkpoint.parameters, options);
}

}  // namespace pith::lab
