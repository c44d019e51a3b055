#include "generate/scheduler.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "generate/answer_text.h"
#include "generate/kv_file.h"
#include "generate/prefix_cache.h"

namespace pith {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// A request and its result as it grows.
struct Scheduler::Group {
  Request request;
  OnDone done;
  OnToken token;
  Result result;
  std::int64_t limit;  // tokens of an answer
  int unfinished;      // choices
  bool cancelled = false;
  std::int64_t submitted = now(), begun = 0, answered = 0;  // when
};

// One choice: a sequence that has `tokens`, of which the cache holds the first sequence.length(). One token
// more than that and it is being answered; several more and it is being read, from the prompt or, after a
// preemption, all of it.
struct Scheduler::Job {
  std::shared_ptr<Group> group;  // null once it is finished
  std::uint64_t age;             // place in the order of submission
  int choice;
  SamplingOptions sampling;     // with this choice's seed
  std::vector<TokenId> tokens;  // the prompt and the answer
  Sequence sequence;
  std::optional<AnswerText> text;
  std::int64_t computed = 0;    // the longest that sequence ever was
  std::int64_t publish_at = 0;  // a length at which others wait for a fork; 0: none

  std::int64_t missing() const { return std::ssize(tokens) - sequence.length(); }
  bool is_reading() const { return missing() > 1; }
  Choice& result() const { return group->result.choices[static_cast<std::size_t>(choice)]; }
  std::size_t prompt_size() const { return group->request.prompt.size(); }
  std::span<const TokenId> prompt() const { return std::span(tokens).first(prompt_size()); }
  std::span<const TokenId> answer() const { return std::span(tokens).subspan(prompt_size()); }
  /// The first position whose logits score a token of the prompt and have not yet done so.
  std::int64_t score_at() const {
    return group->request.logprobs_from - 1 + std::ssize(group->result.prompt_logprobs);
  }
  /// Whether the logits from score_at() on are wanted.
  bool scores_prompt() const {
    return group->request.prompt_logprobs && choice == 0 &&
           score_at() + 1 < std::ssize(group->request.prompt);
  }
};

struct Scheduler::State {
  using Jobs = std::deque<std::unique_ptr<Job>>;  // oldest first
  struct Planned {
    Job* job;
    std::int64_t tokens;
    WantLogits want;
  };

  Engine& engine;
  std::optional<Tokenizer> tokenizer;
  const SchedulerOptions& options;
  Sampler sampler;
  PrefixCache prefixes;
  Jobs waiting, running;
  std::unordered_map<std::uint64_t, std::weak_ptr<Group>> groups;  // unfinished ones
  std::vector<Planned> plan;
  std::vector<Chunk> chunks;
  std::uint64_t last_id = 0, last_age = 0;
  bool full = false;  // no room was found for the oldest waiting job, and nothing has left since
  bool cancelled = false;
  SchedulerStats stats;

  // Snapshots of recurrent layers are large: memory is planned for as many as there are sequences.
  State(Engine& e, std::optional<Tokenizer> t, const SchedulerOptions& o)
      : engine(e),
        tokenizer(std::move(t)),
        options(o),
        sampler(kernels(), e.model().spec.vocab),
        prefixes(e.cache().state_floats() > 0 ? static_cast<std::size_t>(e.options().sequences)
                                              : std::numeric_limits<std::size_t>::max()) {}

  // --- joining ---
  enum class Admission { Done, Later, NoRoom };
  void admit();
  Admission try_to_admit(Job& job);
  bool keeps_prefix(const Job& job) const { return options.prefix_cache && job.group->request.share_prefix; }
  /// A prompt is read once for all its choices.
  bool shares(const Job& a, const Job& b) const {
    return a.group == b.group || (keeps_prefix(a) && keeps_prefix(b));
  }
  /// The tokens before the first one whose logits somebody wants.
  std::span<const TokenId> beginning(const Job& job) const {
    const std::size_t all = job.tokens.size() - 1;
    return std::span(job.tokens).first(job.scores_prompt() ? static_cast<std::size_t>(job.score_at()) : all);
  }
  Job* best_donor(const Job& job, std::int64_t* length);
  void begin_siblings(Job& first, std::span<const float> logits);

  // --- a step ---
  void make_plan();
  bool make_room(Job& job, std::int64_t n);
  void preempt(Job& job);
  void take_results(std::span<const float> logits);
  void score_prompt(Job& job, std::int64_t at, std::span<const float> logits);
  void sample(Job& job, std::span<const float> logits);
  void publish(Job& job);
  /// A recurrent layer cannot go back to what an answer began with: that is kept when it is reached. 0: it
  /// was.
  std::int64_t own_snapshot(const Job& job) const {
    const std::int64_t length = (std::ssize(job.tokens) - 1) / kTile * kTile;
    return engine.cache().state_floats() > 0 && length > job.sequence.length() ? length : 0;
  }

  // --- leaving ---
  void finish(Job& job, FinishReason reason, std::string error = {});
  void remove_finished(Jobs& jobs);
  void finish_cancelled();
  bool is_finished(const Job& job) const { return job.group == nullptr; }
};

// --- joining ---

namespace {

template <class Jobs, class Job>
void insert_in_order(Jobs& jobs, std::unique_ptr<Job> job) {
  auto place = std::ranges::find_if(jobs, [&](const auto& other) { return job->age < other->age; });
  jobs.insert(place, std::move(job));
}

}  // namespace

void Scheduler::State::admit() {
  // Jobs that wait for a prefix to be read let others pass, but only so many are looked at.
  std::size_t at = 0;
  while (!full && std::ssize(running) < options.parallel && at < waiting.size() &&
         at < static_cast<std::size_t>(options.parallel)) {
    switch (try_to_admit(*waiting[at])) {
      case Admission::Done: {
        std::unique_ptr<Job> job = std::move(waiting[at]);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
        insert_in_order(running, std::move(job));
        break;
      }
      case Admission::Later: ++at; break;
      case Admission::NoRoom: full = true; break;
    }
  }
}

// The running job that has, or will have, most of the job's tokens, at most all but one of them.
Scheduler::Job* Scheduler::State::best_donor(const Job& job, std::int64_t* length) {
  Job* best = nullptr;
  for (const auto& other : running) {
    if (!shares(*other, job)) continue;
    // A recurrent layer can be forked at whole pages alone. Less than a page is worth waiting for only where
    // it is all there is to read.
    const std::int64_t common = engine.cache().state_floats() > 0
                                    ? common_pages(beginning(job), other->tokens)
                                    : common_tokens(beginning(job), other->tokens);
    if (common < kTile && common < std::ssize(beginning(job))) continue;
    if (common > *length) *length = common, best = other.get();
  }
  return best;
}

Scheduler::State::Admission Scheduler::State::try_to_admit(Job& job) {
  // Where others read the same prefix right now, it is worth waiting for them.
  PrefixCache::Hit hit;
  if (keeps_prefix(job)) hit = prefixes.find(std::span(job.tokens).first(beginning(job).size() + 1));
  std::int64_t common = hit.length;
  if (Job* donor = best_donor(job, &common)) {
    if (donor->sequence.length() < common) {
      // The nearest first; who wants more asks again.
      donor->publish_at = donor->publish_at > 0 ? std::min(donor->publish_at, common) : common;
      return Admission::Later;
    }
    const std::int64_t exact =
        std::min(donor->sequence.length(), common_tokens(beginning(job), donor->tokens));
    if (donor->sequence.can_truncate(exact)) common = exact;
    if (donor->sequence.can_truncate(common)) {
      hit.sequence = donor->sequence.fork_prefix(common);
      hit.length = common;
    }
  }
  Sequence sequence = hit.sequence ? std::move(*hit.sequence) : engine.new_sequence();
  while (!engine.cache().has_room(sequence.length(), std::ssize(job.tokens) + 1, std::ssize(running))) {
    if (!prefixes.evict()) {
      if (running.empty()) break;  // all there is; submit() made sure that it is enough
      return Admission::NoRoom;
    }
  }
  job.sequence = std::move(sequence);
  if (hit.seen > hit.length) job.publish_at = hit.seen;
  if (job.publish_at == 0) job.publish_at = own_snapshot(job);
  Group& group = *job.group;
  if (group.begun == 0) {
    group.begun = now();
    stats.prompt_tokens += std::ssize(group.request.prompt);
    stats.cached_tokens += hit.length;
    group.result.cached_tokens = hit.length;
  }
  job.computed = std::max(job.computed, hit.length);
  return Admission::Done;
}

// The prompt has just been read: the other choices of the request, as many as there is room for, go on from
// it.
void Scheduler::State::begin_siblings(Job& first, std::span<const float> logits) {
  const auto group = first.group;
  for (std::size_t i = 0; i < waiting.size() && std::ssize(running) < options.parallel;) {
    Job& job = *waiting[i];
    if (job.group != group || job.tokens.size() != job.prompt_size()) {
      ++i;
      continue;
    }
    job.sequence = first.sequence.fork();
    job.computed = job.sequence.length();
    std::unique_ptr<Job> moved = std::move(waiting[i]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
    insert_in_order(running, std::move(moved));
    sample(job, logits);
  }
}

// --- a step ---

void Scheduler::State::make_plan() {
  std::int64_t budget = options.step_tokens, rows = engine.options().logit_rows;
  plan.clear();
  // Answers first: nobody who reads along should wait for other people's prompts.
  for (const bool reading : {false, true}) {
    for (std::size_t i = 0; i < running.size() && budget > 0 && rows > 0; ++i) {
      Job& job = *running[i];
      if (job.is_reading() != reading) continue;
      std::int64_t n = std::min({job.missing(), budget, options.chunk});
      if (job.publish_at > job.sequence.length()) n = std::min(n, job.publish_at - job.sequence.length());
      WantLogits want = n == job.missing() ? WantLogits::Last : WantLogits::None;
      if (job.scores_prompt()) {
        const std::int64_t unscored = job.score_at() - job.sequence.length();
        n = std::min(n, unscored > 0 ? unscored : rows);
        want = unscored > 0 ? WantLogits::None : WantLogits::All;
      }
      // May preempt younger jobs, planned ones too, or this one.
      if (!make_room(job, n)) break;  // it was the youngest
      plan.push_back({&job, n, want});
      budget -= n;
      rows -= want == WantLogits::All ? n : want == WantLogits::Last ? 1 : 0;
    }
  }
}

// Pages for n more tokens of the job: free ones, else those of the prefix cache, else those of the youngest
// running job, which computes its tokens again later. False where that is the job itself.
bool Scheduler::State::make_room(Job& job, std::int64_t n) {
  while (!job.sequence.reserve(n)) {
    if (prefixes.evict()) continue;
    Job& youngest = *running.back();
    const bool itself = &youngest == &job;
    preempt(youngest);
    if (itself) return false;
  }
  return true;
}

void Scheduler::State::preempt(Job& job) {
  if (running.size() == 1)
    fail("the KV cache of {} pages is too small for a sequence of {} tokens", engine.cache().pages(),
         job.tokens.size());
  ++stats.preemptions;
  std::erase_if(plan, [&](const Planned& p) { return p.job == &job; });
  job.sequence.clear();
  job.publish_at = 0;
  const auto place = std::ranges::find_if(running, [&](const auto& other) { return other.get() == &job; });
  std::unique_ptr<Job> moved = std::move(*place);
  running.erase(place);
  insert_in_order(waiting, std::move(moved));
  full = true;  // until somebody leaves
}

void Scheduler::State::take_results(std::span<const float> logits) {
  const auto vocab = static_cast<std::size_t>(engine.model().spec.vocab);
  std::size_t row = 0;
  for (const Planned& p : plan) {
    Job& job = *p.job;
    const std::int64_t at = job.sequence.length() - p.tokens;
    stats.recomputed_tokens += std::min(job.computed, at + p.tokens) - std::min(job.computed, at);
    job.computed = std::max(job.computed, job.sequence.length());
    if (job.publish_at == job.sequence.length()) publish(job);

    if (p.want == WantLogits::None) continue;
    const std::size_t rows = p.want == WantLogits::All ? static_cast<std::size_t>(p.tokens) : 1;
    const std::span<const float> wanted = logits.subspan(row * vocab, rows * vocab);
    row += rows;
    if (p.want == WantLogits::All) score_prompt(job, at, wanted);
    if (is_finished(job) || job.missing() > 0) continue;
    if (job.tokens.size() == job.prompt_size()) begin_siblings(job, wanted.last(vocab));
    sample(job, wanted.last(vocab));
  }
}

// Keeps what others wait for.
void Scheduler::State::publish(Job& job) {
  job.publish_at = own_snapshot(job);
  if (!keeps_prefix(job)) return;
  prefixes.insert(std::span(job.tokens).first(static_cast<std::size_t>(job.sequence.length())),
                  job.sequence.fork());
}

// Log-probabilities of the prompt's tokens behind position `at`, which is score_at(), from the logits from
// there on.
void Scheduler::State::score_prompt(Job& job, std::int64_t at, std::span<const float> logits) {
  const auto vocab = static_cast<std::size_t>(engine.model().spec.vocab);
  std::vector<Logprobs>& scores = job.group->result.prompt_logprobs;
  const std::size_t first = static_cast<std::size_t>(at) + 1, rows = logits.size() / vocab;
  try {
    for (std::size_t i = 0; i < rows && first + i < job.prompt_size(); ++i) {
      scores.push_back(sampler.logprobs(logits.subspan(i * vocab, vocab), job.tokens[first + i],
                                        std::max(0, job.group->request.logprobs)));
    }
  } catch (const Error& e) {
    finish(job, FinishReason::Failed, e.what());
  }
}

// The next token of an answer, and what follows from it.
void Scheduler::State::sample(Job& job, std::span<const float> logits) {
  Group& group = *job.group;
  const Request& request = group.request;
  if (std::ssize(job.answer()) >= group.limit) return finish(job, FinishReason::Length);

  Choice& choice = job.result();
  TokenId id;
  Logprobs logprobs;
  try {
    id = sampler.sample(logits, job.sampling, job.prompt(), job.answer());
    if (request.logprobs >= 0) logprobs = sampler.logprobs(logits, id, request.logprobs);
  } catch (const Error& e) {
    return finish(job, FinishReason::Failed, e.what());
  }
  if (group.answered == 0) group.answered = now();
  ++stats.answer_tokens;

  const bool ends = tokenizer && !request.ignore_eos && tokenizer->is_end_of_generation(id);
  if (ends || std::ranges::find(request.stop_tokens, id) != request.stop_tokens.end()) {
    choice.stop_token = id;
    return finish(job, FinishReason::Stop);
  }
  job.tokens.push_back(id);
  choice.ids.push_back(id);
  if (request.logprobs >= 0) choice.logprobs.push_back(logprobs);
  std::string text;
  if (job.text) choice.text += text = job.text->add(id);
  if (group.token)
    group.token({group.result.id, job.choice, id, text, request.logprobs >= 0 ? &logprobs : nullptr});

  if (job.text && job.text->stopped_by() >= 0) return finish(job, FinishReason::Stop);
  if (std::ssize(job.answer()) >= group.limit) finish(job, FinishReason::Length);
}

// --- leaving ---

// The job has no group afterwards; remove_finished() takes it out of its queue.
void Scheduler::State::finish(Job& job, FinishReason reason, std::string error) {
  const std::shared_ptr<Group> group = std::exchange(job.group, nullptr);
  Choice& choice = group->result.choices[static_cast<std::size_t>(job.choice)];
  if (job.text) {
    const std::string rest = job.text->finish();
    choice.text += rest;
    if (!rest.empty() && group->token) group->token({group->result.id, job.choice, -1, rest, nullptr});
    // Only the end of the text may have shown that it was one, where the last bytes are no character.
    if (job.text->stopped_by() >= 0) reason = FinishReason::Stop, choice.stop_string = job.text->stopped_by();
  }
  choice.finish = reason;
  choice.error = std::move(error);
  group->result.answer_tokens += std::ssize(choice.ids);

  if (options.prefix_cache && group->request.share_prefix) {
    const auto length = static_cast<std::size_t>(job.sequence.length());
    prefixes.insert(std::span(job.tokens).first(length), std::move(job.sequence));
  }
  job.sequence.clear();
  full = false;

  if (--group->unfinished > 0) return;
  const std::int64_t time = now();
  Timings& t = group->result.timings;
  t.total = time - group->submitted;
  t.queue = (group->begun ? group->begun : time) - group->submitted;
  t.first_token = (group->answered ? group->answered : time) - group->submitted;
  t.prefill = t.first_token - t.queue;
  ++stats.requests;
  groups.erase(group->result.id);
  group->done(std::move(group->result));
}

void Scheduler::State::remove_finished(Jobs& jobs) {
  std::erase_if(jobs, [&](const auto& job) { return is_finished(*job); });
}

void Scheduler::State::finish_cancelled() {
  if (!std::exchange(cancelled, false)) return;
  for (Jobs* jobs : {&running, &waiting}) {
    // The callbacks may submit more, to the end of the waiting ones.
    for (std::size_t i = 0; i < jobs->size(); ++i) {
      Job& job = *(*jobs)[i];
      if (job.group->cancelled) finish(job, FinishReason::Interrupted);
    }
    remove_finished(*jobs);
  }
}

// --- the public face ---

Scheduler::Scheduler(Engine& engine, std::optional<Tokenizer> tokenizer, SchedulerOptions options)
    : options_(options) {
  const EngineOptions& e = engine.options();
  SchedulerOptions& o = options_;
  o.step_tokens = o.step_tokens > 0 ? std::min(o.step_tokens, e.step_tokens) : e.step_tokens;
  o.chunk = o.chunk > 0 ? std::min(o.chunk, o.step_tokens) : o.step_tokens;
  // Every running sequence can have a token, and logits, in every step.
  const auto most = static_cast<int>(std::min({std::int64_t{e.sequences}, o.step_tokens, e.logit_rows}));
  o.parallel = o.parallel > 0 ? std::min(o.parallel, most) : most;
  state_ = std::make_unique<State>(engine, std::move(tokenizer), options_);
}

Scheduler::~Scheduler() = default;

std::int64_t Scheduler::context() const {
  const EngineOptions& e = state_->engine.options();
  return std::min(e.context, e.positions);
}

std::uint64_t Scheduler::submit(Request request, OnDone done, OnToken token) {
  const int vocab = state_->engine.model().spec.vocab;
  const std::int64_t length = std::ssize(request.prompt), room = context() - length;
  request.sampling.check(vocab);
  if (request.max_tokens < -1)
    fail_usage("max tokens is {}; expected a number of tokens, or -1 for all", request.max_tokens);
  if (request.choices < 1) fail_usage("number of choices is {}; expected at least 1", request.choices);
  if (request.logprobs < -1 || request.logprobs > vocab)
    fail_usage("logprobs is {}; expected a number from 0 to {}", request.logprobs, vocab);
  if (request.logprobs_from < 1)
    fail_usage("logprobs from token {}; expected at least 1: nothing predicts the first",
               request.logprobs_from);
  if (std::ranges::any_of(request.stop, &std::string::empty)) fail_usage("a stop string is empty");
  if (!request.stop.empty() && !state_->tokenizer)
    fail_usage("stop strings need a vocabulary, and this model has none");
  if (length == 0) fail("the prompt is empty");
  for (TokenId id : request.prompt) {
    if (id < 0 || id >= vocab) fail("token id {} is outside the vocabulary of {}", id, vocab);
  }
  if (room < 0 || (room == 0 && request.max_tokens != 0)) {
    fail("a prompt of {} tokens leaves no room for an answer in the context of {}; --ctx sets it", length,
         context());
  }

  auto group = std::make_shared<Group>();
  group->limit = request.max_tokens < 0 ? room : std::min(request.max_tokens, room);
  group->unfinished = request.choices;
  group->done = std::move(done);
  group->token = std::move(token);
  group->result.id = ++state_->last_id;
  group->result.prompt_tokens = length;
  group->result.choices.resize(static_cast<std::size_t>(request.choices));
  group->request = std::move(request);
  for (int i = 0; i < group->request.choices; ++i) {
    SamplingOptions sampling = group->request.sampling;
    group->result.choices[static_cast<std::size_t>(i)].seed = sampling.seed += static_cast<std::uint64_t>(i);
    auto job = std::make_unique<Job>(Job{group,
                                         state_->last_age++,
                                         i,
                                         std::move(sampling),
                                         group->request.prompt,
                                         state_->engine.new_sequence(),
                                         {}});
    if (const std::optional<Tokenizer>& tokenizer = state_->tokenizer) {
      const bool continues = std::ranges::any_of(group->request.prompt, [&](TokenId id) {
        return !tokenizer->contains(id) || !tokenizer->is_control(id);
      });
      job->text.emplace(*tokenizer, group->request.stop, group->request.special_text, continues);
    }
    state_->waiting.push_back(std::move(job));
  }
  state_->groups[group->result.id] = group;
  return group->result.id;
}

bool Scheduler::step() {
  State& s = *state_;
  s.finish_cancelled();
  s.admit();
  if (s.running.empty()) return !s.waiting.empty();
  s.make_plan();
  s.chunks.clear();
  for (const State::Planned& p : s.plan) {
    const auto at = static_cast<std::size_t>(p.job->sequence.length());
    s.chunks.push_back(
        {&p.job->sequence, std::span(p.job->tokens).subspan(at, static_cast<std::size_t>(p.tokens)), p.want});
  }
  const std::int64_t begin = now();
  const std::span<const float> logits = s.engine.step(s.chunks);
  s.stats.step_ns += now() - begin;
  ++s.stats.steps;
  s.take_results(logits);
  s.remove_finished(s.running);
  return true;
}

bool Scheduler::cancel(std::uint64_t id) {
  const auto found = state_->groups.find(id);
  if (found == state_->groups.end()) return false;
  found->second.lock()->cancelled = state_->cancelled = true;
  return true;
}

void Scheduler::cancel_all() {
  for (const auto& [id, group] : state_->groups) group.lock()->cancelled = state_->cancelled = true;
}

SchedulerStats Scheduler::stats() const {
  SchedulerStats stats = state_->stats;
  stats.running = static_cast<int>(state_->running.size());
  stats.waiting = static_cast<int>(state_->waiting.size());
  stats.pages = state_->engine.cache().pages();
  std::vector<std::int32_t> held;
  for (const auto& job : state_->running) {
    if (stats.pages == 0) break;  // a model without attention
    for (std::int32_t page : job->sequence.pages(0)) {
      if (page >= 0) held.push_back(page);
    }
  }
  std::ranges::sort(held);
  stats.pages_used = std::unique(held.begin(), held.end()) - held.begin();
  return stats;
}

void Scheduler::save_prefixes(const std::filesystem::path& path, bool only_reused) const {
  const State& s = *state_;
  pith::save_prefixes(path, s.engine.model(), s.engine.cache(), s.prefixes, only_reused);
}

std::int64_t Scheduler::restore_prefixes(const std::filesystem::path& path) {
  State& s = *state_;
  return pith::restore_prefixes(path, s.engine.model(), s.engine.cache(), s.prefixes);
}

void Scheduler::clear_prefixes() { state_->prefixes.clear(); }

Result generate(Scheduler& scheduler, Request request, const OnToken& token) {
  // Shared, since the scheduler still knows it should step() throw.
  const auto result = std::make_shared<std::optional<Result>>();
  scheduler.submit(
      std::move(request), [result](Result r) { *result = std::move(r); }, token);
  while (!*result) scheduler.step();
  return std::move(**result);
}

}  // namespace pith
