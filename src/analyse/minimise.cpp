#include "analyse/minimise.h"

#include <nlopt.h>

#include <cmath>
#include <memory>

#include "base/error.h"

namespace pith {
namespace {

double call(unsigned n, const double* x, double* gradient, void* objective) {
  thread_local std::vector<double> unwanted;
  unwanted.resize(n);
  return (*static_cast<const Objective*>(objective))({x, n}, {gradient ? gradient : unwanted.data(), n});
}

}  // namespace

Minimum minimise(const Objective& objective, std::span<const double> start, double tolerance,
                 int evaluations) {
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimiser(
      nlopt_create(NLOPT_LD_LBFGS, static_cast<unsigned>(start.size())), nlopt_destroy);
  if (!optimiser) fail("not enough memory for the optimiser");
  nlopt_set_min_objective(optimiser.get(), call, const_cast<Objective*>(&objective));
  nlopt_set_ftol_rel(optimiser.get(), tolerance);
  nlopt_set_maxeval(optimiser.get(), evaluations);
  Minimum best{{start.begin(), start.end()}};
  const nlopt_result result = nlopt_optimize(optimiser.get(), best.x.data(), &best.value);
  // NLopt says "failure" where a line search finds nothing lower: rounding is then all that is left.
  best.converged = result != NLOPT_MAXEVAL_REACHED && std::isfinite(best.value);
  for (const double x : best.x) best.converged = best.converged && std::isfinite(x);
  return best;
}

}  // namespace pith
