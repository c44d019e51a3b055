#include "train/rlhf.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "train/conversations.h"
#include "train/eval/questions.h"
#include "train/fine_tuning.h"
#include "train/model_file.h"
#include "train/net/heads.h"
#include "train/next_token.h"
#include "train/order.h"
#include "train/ppo.h"
#include "train/reward.h"
#include "train/rollout.h"

namespace pith::lab {
namespace {

using nlohmann::ordered_json;

struct Settings : FineTuning {
  std::string reward, prompts;
  std::int64_t answers, minibatch, epochs, max_tokens;
  double temperature, gamma, lambda, clip, value_clip, value_factor, unfinished;
  double kl_coefficient, kl_target, kl_horizon;
  std::string mix_train;
  std::int64_t mix_examples;
  double mix_weight;

  explicit Settings(const Config& c) : FineTuning(c) {
    reward = c.text("reward");
    prompts = c.text("prompts");
    answers = c.integer("answers", 1, 1 << 16);
    minibatch = c.integer("minibatch", 1, answers);
    epochs = c.integer("epochs", 1, 100);
    max_tokens = c.integer("max_tokens", 1, 1 << 16);
    temperature = c.number("temperature", 0.01, 10);
    gamma = c.number("gamma", 0, 1);
    lambda = c.number("lambda", 0, 1);
    clip = c.number("clip", 0, 10);
    value_clip = c.number("value_clip", 0, 1e6);
    value_factor = c.number("value_factor", 0, 1e3);
    unfinished = c.number("unfinished", 0, 1e3);
    const Config kl = c.object("kl");
    kl_coefficient = kl.number("coefficient", 0, 1e3);
    kl_target = kl.number("target", 0, 1e6);
    kl_horizon = kl.number("horizon", 1, 1e12);
    const Config mix = c.object("mix");
    mix_train = mix.text("train");
    mix_examples = mix.integer("examples", 0, 1 << 16);
    mix_weight = mix.number("weight", 0, 1e3);
    c.finish();
  }
};

/// An answer with what is known of each of its tokens.
struct Experience {
  Rollout rollout;
  double score = 0;     // of the reward model
  Judgement judgement;  // of the annotator
  std::vector<double> log_p, reference, values, advantages, returns;

  std::vector<std::int32_t> tokens() const {
    std::vector<std::int32_t> out = rollout.prompt;
    out.insert(out.end(), rollout.answer.begin(), rollout.answer.end());
    return out;
  }
  std::int64_t length() const { return std::ssize(rollout.answer); }
};

/// Answers that one thread takes at once, and of each row the answer's token that it predicts.
struct ExperiencePiece {
  struct Row {
    Experience* experience = nullptr;  // null: predicts no token of an answer
    std::int64_t token = 0;            // of the answer
  };
  Batch batch;
  std::vector<Row> rows;

  void add(Experience& e) {
    const std::int64_t first = batch.rows() + std::ssize(e.rollout.prompt) - 1;
    batch.add(e.tokens());
    rows.resize(batch.tokens.size());
    for (std::int64_t t = 0; t < e.length(); ++t) rows[first + t] = {&e, t};
  }
};

std::vector<ExperiencePiece> pieces_of(std::span<Experience* const> experiences, std::int64_t rows) {
  std::vector<ExperiencePiece> out;
  for (Experience* e : experiences) {
    if (out.empty() || out.back().batch.rows() + std::ssize(e->tokens()) > rows) out.emplace_back();
    out.back().add(*e);
  }
  return out;
}

class Reinforcement {
 public:
  explicit Reinforcement(const Config& c)
      : s_(c),
        start_(fresh_start(s_.from)),
        reward_(fresh_start(s_.reward)),
        conversations_(s_.tokenizer),
        questions_(read_questions(s_.prompts)),
        prompts_(tokens_of_questions()),
        mixed_(read_conversations(s_.mix_train, conversations_, start_.shape.context)),
        parallel_(s_.parallel(start_.shape)),
        reward_parallel_(reward_.shape, s_.threads, 1, reward_.shape.context),
        order_(std::ssize(questions_), s_.seed),
        mixed_order_(std::ssize(mixed_), s_.seed) {
    if (reward_.shape.vocab != start_.shape.vocab || reward_.shape.context < start_.shape.context)
      fail(
          "{}: expected a reward model with a vocabulary of {} and a context of at least {}, found {} and {}",
          printable(s_.reward, 400), start_.shape.vocab, start_.shape.context, reward_.shape.vocab,
          reward_.shape.context);
  }

  void run() {
    s_.learn(
        parallel_, [this](TrainingRun& run) { iterate(run); }, [this](TrainingRun& run) { keep(run); });
  }

 private:
  std::vector<std::vector<std::int32_t>> tokens_of_questions() const {
    std::vector<std::vector<std::int32_t>> out;
    for (const Question& q : questions_) {
      out.push_back(conversations_.prompt(q.messages));
      if (std::ssize(out.back()) >= start_.shape.context)
        fail("{}: '{}' leaves no room for an answer", printable(s_.prompts, 400), printable(q.user));
    }
    return out;
  }

  void iterate(TrainingRun& run) {
    const std::int64_t iteration = run.count("iteration");
    std::vector<Experience> experiences = draw(run, iteration);
    std::vector<Experience*> all;
    for (Experience& e : experiences) all.push_back(&e);
    const double entropy = look_up(run, all);
    const double kl = estimate_advantages(run, experiences);

    double loss = 0, clipped = 0, norm = 0;
    ShuffledOrder shuffled(std::ssize(all), mix(s_.seed + static_cast<std::uint64_t>(iteration)));
    const std::int64_t per_epoch = s_.answers / s_.minibatch, updates = s_.epochs * per_epoch;
    for (std::int64_t u = 0; u < updates && run.step() < s_.steps; ++u) {
      std::vector<Experience*> chosen;
      const std::int64_t begin = u / per_epoch * s_.answers + u % per_epoch * s_.minibatch;
      for (const std::int64_t i : shuffled.take(begin, s_.minibatch)) chosen.push_back(all[i]);
      const Update update = take_step(run, chosen);
      loss += update.loss / static_cast<double>(updates);
      clipped += update.clipped / static_cast<double>(updates);
      norm = update.norm;
    }
    run.state("iteration") += 1;

    double score = 0, true_score = 0, right = 0, length = 0, ended = 0;
    for (const Experience& e : experiences) {
      score += e.score / static_cast<double>(s_.answers);
      true_score += e.judgement.score() / static_cast<double>(s_.answers);
      right += e.judgement.right / static_cast<double>(s_.answers);
      length += static_cast<double>(e.length()) / static_cast<double>(s_.answers);
      ended += e.rollout.ended / static_cast<double>(s_.answers);
    }
    run.log().write_with_speeds({{"step", run.step()},
                                 {"iteration", iteration},
                                 {"loss", loss},
                                 {"proxy_reward", score},
                                 {"true_score", true_score},
                                 {"right", right},
                                 {"kl", kl},
                                 {"kl_coefficient", coefficient(run)},
                                 {"entropy", entropy},
                                 {"length", length},
                                 {"ended", ended},
                                 {"clipped", clipped},
                                 {"gradient_norm", norm}},
                                s_.steps);
    if (s_.kl_target > 0) {
      run.state("kl_coefficient") = adapted_coefficient(coefficient(run), kl, s_.kl_target,
                                                        static_cast<double>(s_.answers), s_.kl_horizon);
    }
  }

  double coefficient(TrainingRun& run) const {
    if (run.count("iteration") == 0 && run.state("kl_coefficient") == 0)
      run.state("kl_coefficient") = s_.kl_coefficient;
    return run.state("kl_coefficient");
  }

  // Answers of the policy with their scores.
  std::vector<Experience> draw(TrainingRun& run, std::int64_t iteration) {
    std::vector<std::vector<std::int32_t>> prompts, texts;
    std::vector<const Question*> asked;
    for (const std::int64_t q : order_.take(iteration * s_.answers, s_.answers)) {
      asked.push_back(&questions_[q]);
      prompts.push_back(prompts_[q]);
    }
    const SamplingSettings sampling{s_.tokenizer, s_.temperature, s_.max_tokens,
                                    mix(s_.seed ^ mix(static_cast<std::uint64_t>(iteration) + 1))};
    std::vector<Experience> out;
    for (Rollout& r : sample(start_.shape, run.parameters(), prompts, s_.run / "rollout.gguf", sampling,
                             parallel_.team().size())) {
      out.emplace_back().rollout = std::move(r);
      texts.push_back(out.back().tokens());
      if (out.back().rollout.ended)
        std::ranges::copy(conversations_.after_answer(), std::back_inserter(texts.back()));
    }
    const std::vector<double> found = scores(reward_parallel_, reward_.parameters.data(), texts);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].score = found[i];
      out[i].judgement = judge(asked[i]->asked(), out[i].rollout.text);
    }
    return out;
  }

  // Log-probabilities by policy and by the model it started from, and values. Returns the mean entropy.
  double look_up(TrainingRun& run, std::span<Experience* const> all) {
    std::vector<ExperiencePiece> pieces = pieces_of(all, parallel_.rows());
    for (Experience* e : all) {
      for (auto* list : {&e->log_p, &e->reference, &e->values}) list->resize(e->rollout.answer.size());
    }
    std::vector<double> entropies(pieces.size());
    parallel_.evaluate(std::ssize(pieces), [&](std::int64_t i, Network<float>& network, float*) {
      const ExperiencePiece& piece = pieces[i];
      const auto log_p = [&](const ExperiencePiece::Row& row, const float* p) {
        return std::log(static_cast<double>(p[row.experience->rollout.answer[row.token]]));
      };
      network.forward(start_.parameters.data(), piece.batch);
      language_head(network, start_.parameters.data(), nullptr, [&](std::int64_t r, float* p) {
        if (const auto& row = piece.rows[r]; row.experience)
          row.experience->reference[row.token] = log_p(row, p);
      });
      network.forward(run.data(), piece.batch);
      language_head(network, run.data(), nullptr, [&](std::int64_t r, float* p) {
        const ExperiencePiece::Row& row = piece.rows[r];
        if (!row.experience) return;
        row.experience->log_p[row.token] = log_p(row, p);
        row.experience->values[row.token] = scalar_head(network, run.data(), r);
        for (std::int64_t v = 0; v < start_.shape.vocab; ++v) {
          if (p[v] > 0) entropies[i] -= static_cast<double>(p[v]) * std::log(static_cast<double>(p[v]));
        }
      });
    });
    return std::accumulate(entropies.begin(), entropies.end(), 0.0) / static_cast<double>(tokens(all));
  }

  static std::int64_t tokens(std::span<Experience* const> all) {
    std::int64_t sum = 0;
    for (const Experience* e : all) sum += e->length();
    return sum;
  }

  // A token's reward is its KL penalty; the last one has the score too, in deviations of the first
  // iteration's scores from their mean. Returns the mean KL of an answer.
  double estimate_advantages(TrainingRun& run, std::vector<Experience>& experiences) const {
    if (run.state("score_deviation") == 0) {
      double sum = 0, squares = 0;
      for (const Experience& e : experiences) sum += e.score;
      const double mean = sum / static_cast<double>(experiences.size());
      for (const Experience& e : experiences) squares += (e.score - mean) * (e.score - mean);
      run.state("score_mean") = mean;
      run.state("score_deviation") = std::sqrt(squares / static_cast<double>(experiences.size())) + 1e-6;
    }
    double kl = 0;
    std::vector<std::vector<double>> whitened;
    for (Experience& e : experiences) {
      std::vector<double> rewards(e.log_p.size());
      for (std::size_t t = 0; t < rewards.size(); ++t) {
        kl += (e.log_p[t] - e.reference[t]) / static_cast<double>(experiences.size());
        rewards[t] = -coefficient(run) * (e.log_p[t] - e.reference[t]);
      }
      rewards.back() += (e.score - run.state("score_mean")) / run.state("score_deviation");
      if (!e.rollout.ended) rewards.back() -= s_.unfinished;
      e.advantages = advantages(rewards, e.values, s_.gamma, s_.lambda);
      e.returns = e.advantages;
      for (std::size_t t = 0; t < rewards.size(); ++t) e.returns[t] += e.values[t];
      whitened.push_back(e.advantages);
    }
    whiten(whitened);
    for (std::size_t i = 0; i < experiences.size(); ++i) experiences[i].advantages = whitened[i];
    return kl;
  }

  struct Update {
    double loss = 0, clipped = 0, norm = 0;  // clipped: share of the tokens
  };

  Update take_step(TrainingRun& run, std::span<Experience* const> chosen) {
    const std::vector<ExperiencePiece> pieces = pieces_of(chosen, parallel_.rows());
    const auto count = static_cast<double>(tokens(chosen));
    TextPieces mixed(parallel_.rows());
    for (const std::int64_t i : mixed_order_.take(run.step() * s_.mix_examples, s_.mix_examples))
      mixed.add(mixed_[i].tokens, mixed_[i].targets);
    std::vector<Update> updates(pieces.size());
    std::vector<double> mixed_losses(static_cast<std::size_t>(mixed.count()));
    const std::int64_t own = std::ssize(pieces), all = own + mixed.count();
    parallel_.gradient(all, [&](std::int64_t i, Network<float>& network, float* gradient) {
      if (i < own) {
        updates[i] = gradient_of(network, run.data(), gradient, pieces[i], count);
      } else {
        mixed_losses[i - own] = next_token_gradient(network, run.data(), gradient, mixed[i - own],
                                                    mixed.total_weight() / s_.mix_weight);
      }
    });
    Update sum{.loss = std::accumulate(mixed_losses.begin(), mixed_losses.end(), 0.0)};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      sum.loss += updates[i].loss;
      sum.clipped += updates[i].clipped;
      run.log().count(pieces[i].batch.rows(), training_flops(start_.shape, pieces[i].batch));
    }
    run.log().count(mixed.rows(), mixed.flops(start_.shape));
    sum.norm = run.optimise(sum.loss, s_.schedule.rate(run.step()));
    return sum;
  }

  // d log p_t / dlogits = onehot(t) - p
  Update gradient_of(Network<float>& network, const float* parameters, float* gradient,
                     const ExperiencePiece& piece, double count) const {
    const std::int64_t vocab = start_.shape.vocab;
    Update out;
    network.forward(parameters, piece.batch);
    language_head(network, parameters, gradient, [&](std::int64_t r, float* p) {
      const ExperiencePiece::Row& row = piece.rows[r];
      if (!row.experience) return std::fill_n(p, vocab, 0.0f), void();
      const Experience& e = *row.experience;
      const std::int32_t token = e.rollout.answer[row.token];
      const PolicyLoss loss(std::log(static_cast<double>(p[token])), e.log_p[row.token],
                            e.advantages[row.token], s_.clip);
      out.loss += loss.value / count;
      out.clipped += loss.clipped / count;
      const auto slope = static_cast<float>(loss.slope / count);
      for (std::int64_t v = 0; v < vocab; ++v) p[v] *= -slope;
      p[token] += slope;
    });
    for (std::int64_t r = 0; r < piece.batch.rows(); ++r) {
      const ExperiencePiece::Row& row = piece.rows[r];
      if (!row.experience) continue;
      const ValueLoss loss(scalar_head(network, parameters, r), row.experience->values[row.token],
                           row.experience->returns[row.token], s_.value_clip);
      out.loss += s_.value_factor * loss.loss / count;
      scalar_head_backward(network, parameters, gradient, r,
                           static_cast<float>(s_.value_factor * loss.slope / count));
    }
    network.backward(parameters, gradient);
    return out;
  }

  void keep(const TrainingRun& run) const {
    write_model_file(s_.run / fmt::format("policy-{:06}.gguf", run.step()), start_.shape, run.parameters(),
                     {.name = s_.name, .tokenizer = s_.tokenizer});
  }

  Settings s_;
  Checkpoint start_, reward_;
  Conversations conversations_;
  std::vector<Question> questions_;
  std::vector<std::vector<std::int32_t>> prompts_;  // of the questions
  std::vector<Example> mixed_;                      // conversations of fine-tuning
  Parallel parallel_, reward_parallel_;
  ShuffledOrder order_, mixed_order_;
};

}  // namespace

void rlhf(const Config& config) { Reinforcement(config).run(); }

}  // namespace pith::lab
