// Counts answers, and says when more of them would be wasted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

/// A vote among answers in their normalised form (Wang et al. 2022, "Self-Consistency", arXiv:2203.11171).
class Vote {
 public:
  struct Option {
    std::string answer;
    std::size_t first;  ///< number of the ballot that brought it, from 0; those without an answer count
    std::size_t ballots = 0;
    double weight = 0;
  };

  /// weight: above 0, at most 1.
  void add(std::string_view answer, double weight = 1);
  /// A chain that came to no answer.
  void add_none() { ++ballots_; }

  /// By weight; of equal ones that which came first. Null where there is no answer yet.
  const Option* leader() const;
  /// Of all ballots, those for the leader.
  double agreement() const;
  const std::vector<Option>& options() const { return options_; }
  std::size_t ballots() const { return ballots_; }

  /// Whether `remaining` more ballots cannot change the leader.
  bool is_decided(std::size_t remaining) const;

  /// Probability that the leader is the more frequent one of the first two answers, where every frequency was
  /// equally likely before: P(X > 1/2) for X ~ Beta(a + 1, b + 1) (Aggarwal et al. 2023, "Let's Sample Step
  /// by Step", arXiv:2305.11860). 0 without an answer.
  double beta_confidence() const;
  /// The same among all answers seen, with a Dirichlet distribution.
  double dirichlet_confidence() const;

 private:
  std::vector<Option> options_;
  std::size_t ballots_ = 0;
};

}  // namespace pith
