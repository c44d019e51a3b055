// Seeded random choices that keep count of their own entropy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace pith::lab {

/// A 64-bit hash of a text (FNV-1a, then mixed): seeds and splits follow from it on every machine alike.
std::uint64_t hash_text(std::string_view text);
/// One number out of two, well mixed (splitmix64).
std::uint64_t mix(std::uint64_t a, std::uint64_t b);

/// The choices that make one document. Each adds the information of its outcome, -ln p, to nats(): over many
/// documents the mean of nats() is the entropy of the derivations. Different derivations may spell the same
/// text, so it bounds the entropy of the text from above.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}

  /// 0 .. n-1, all alike; n >= 1.
  std::size_t below(std::size_t n);
  /// lo .. hi.
  int between(int lo, int hi) { return lo + static_cast<int>(below(static_cast<std::size_t>(hi - lo + 1))); }
  bool chance(double p);
  /// 0 .. n-1, the probability of i proportional to 1 / (i + 1)^exponent.
  std::size_t zipf(std::size_t n, double exponent = 1.0);
  /// An index with these relative weights.
  std::size_t weighted(std::span<const double> weights);

  template <class T>
  const T& pick(std::span<const T> values) {
    return values[below(values.size())];
  }
  template <class C>
  const auto& pick(const C& values) {
    return values[below(std::size(values))];
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

  /// make() until accept() takes what it gave; what was thrown away adds no information.
  template <class Make, class Accept>
  auto until(const Make& make, const Accept& accept) {
    const double before = nats_;
    while (true) {
      auto made = make();
      if (accept(made)) return made;
      nats_ = before;
    }
  }

  double nats() const { return nats_; }

 private:
  std::uint64_t next();
  double unit();

  std::uint64_t state_;
  double nats_ = 0;
};

}  // namespace pith::lab
