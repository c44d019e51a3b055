// From what the user typed to a model that is ready: the options that commands share, where models are looked
// for, and the tokenizer and template that come with one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/options.h"
#include "infer/engine.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace pith::cli {

struct ModelOptions {
  std::string model;
  int threads = 0;
  std::int64_t context = 0;
  std::int64_t batch = 512, chunk = 512;
  std::string cache_k = "f16", cache_v = "f16";
  bool verbose = false;
  bool json = false;
};

/// -m, --verbose, --json.
void declare_model_options(Options& options, ModelOptions& values, const std::string& json_help);
/// -t, --cache-type-k, --cache-type-v, --ctx, -b, -ub.
void declare_engine_options(Options& options, ModelOptions& values);
/// -t, --cache-type-k, --cache-type-v alone: for commands that find the sizes themselves.
void declare_thread_and_cache_options(Options& options, ModelOptions& values);

/// The file or directory that `name` stands for: a path, or a bundled model's name; empty: the bundled
/// default. Throws Error.
std::filesystem::path find_model(const std::string& name);

/// Engine options as the user gave them. Throws UsageError.
EngineOptions engine_options(const ModelOptions& values);

/// The same for `sequences` at a time, which share a KV cache; 0: as many as memory allows.
EngineOptions plan_engine(const Model& model, const ModelOptions& values, int sequences);

/// With --verbose, what the engine works with: threads and why, kernel level, context, memory. A context
/// that memory cut short, or that is longer than what the model was trained on, is always said.
void report_engine(const ModelOptions& values, const Engine& engine);

/// Throws UsageError where `out` is one of the files of the model that is read.
void refuse_same_file(const ModelFile& in, const std::filesystem::path& out);

/// "1.4 GiB".
std::string size_string(std::uint64_t bytes);
/// "1.24 B": of parameters, tokens.
std::string count_string(double n);

}  // namespace pith::cli
