// One token from llama.cpp, as `pith run --raw --temp 0 -n 1 TEXT` gives one: a whole process to time.
// tools/compare_peers.py compiles it against the llama.cpp that it compares with.
#include <llama.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void quiet(enum ggml_log_level level, const char* text, void* data) {
  (void)data;
  if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: %s MODEL THREADS TEXT\n", argv[0]), 2;
  const char* text = argv[3];
  llama_log_set(quiet, NULL);
  llama_backend_init();

  struct llama_model_params with = llama_model_default_params();
  with.n_gpu_layers = 0;
  struct llama_model* model = llama_model_load_from_file(argv[1], with);
  if (!model) return 1;
  const struct llama_vocab* vocab = llama_model_get_vocab(model);

  llama_token tokens[64];
  const int n = llama_tokenize(vocab, text, (int)strlen(text), tokens, 64, true, false);
  if (n < 1) return 1;
  struct llama_context_params run = llama_context_default_params();
  run.n_ctx = 512;
  run.n_threads = run.n_threads_batch = atoi(argv[2]);
  struct llama_context* context = llama_init_from_model(model, run);
  if (!context || llama_decode(context, llama_batch_get_one(tokens, n)) != 0) return 1;

  const float* logits = llama_get_logits_ith(context, -1);
  llama_token best = 0;
  for (llama_token id = 1; id < llama_vocab_n_tokens(vocab); ++id)
    if (logits[id] > logits[best]) best = id;
  char piece[64];
  const int length = llama_token_to_piece(vocab, best, piece, sizeof piece, 0, false);
  if (length > 0) fwrite(piece, 1, (size_t)length, stdout);

  llama_free(context);
  llama_model_free(model);
  return 0;
}
