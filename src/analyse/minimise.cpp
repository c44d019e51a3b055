#include "analyse/minimise.h"

#include <dlfcn.h>
#include <nlopt.h>

#include <cmath>
#include <memory>

#include "base/error.h"

namespace pith {
namespace {

// NLopt is opened when the first law is fitted. Were it linked, every start of the program would load it, and
// the shared C++ library with it: a quarter of the time in which a tiny model gives its first token.
class Nlopt {
 public:
  Nlopt() : library_(dlopen(PITH_NLOPT, RTLD_NOW | RTLD_LOCAL)) {
    if (!library_)
      fail("fitting a law needs NLopt (on Debian or Ubuntu: apt-get install libnlopt0): {}", dlerror());
    take(create, "nlopt_create");
    take(destroy, "nlopt_destroy");
    take(set_min_objective, "nlopt_set_min_objective");
    take(set_ftol_rel, "nlopt_set_ftol_rel");
    take(set_maxeval, "nlopt_set_maxeval");
    take(optimize, "nlopt_optimize");
  }

  decltype(&nlopt_create) create;
  decltype(&nlopt_destroy) destroy;
  decltype(&nlopt_set_min_objective) set_min_objective;
  decltype(&nlopt_set_ftol_rel) set_ftol_rel;
  decltype(&nlopt_set_maxeval) set_maxeval;
  decltype(&nlopt_optimize) optimize;

 private:
  template <class F>
  void take(F*& function, const char* name) {
    function = reinterpret_cast<F*>(dlsym(library_, name));
    if (!function) fail("{} has no {}", PITH_NLOPT, name);
  }
  void* library_;
};

double call(unsigned n, const double* x, double* gradient, void* objective) {
  thread_local std::vector<double> unwanted;
  unwanted.resize(n);
  return (*static_cast<const Objective*>(objective))({x, n}, {gradient ? gradient : unwanted.data(), n});
}

}  // namespace

Minimum minimise(const Objective& objective, std::span<const double> start, double tolerance,
                 int evaluations) {
  static const Nlopt nlopt;
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimiser(
      nlopt.create(NLOPT_LD_LBFGS, static_cast<unsigned>(start.size())), nlopt.destroy);
  if (!optimiser) fail("not enough memory for the optimiser");
  nlopt.set_min_objective(optimiser.get(), call, const_cast<Objective*>(&objective));
  nlopt.set_ftol_rel(optimiser.get(), tolerance);
  nlopt.set_maxeval(optimiser.get(), evaluations);
  Minimum best{{start.begin(), start.end()}};
  const nlopt_result result = nlopt.optimize(optimiser.get(), best.x.data(), &best.value);
  // NLopt says "failure" where a line search finds nothing lower: rounding is then all that is left.
  best.converged = result != NLOPT_MAXEVAL_REACHED && std::isfinite(best.value);
  for (const double x : best.x) best.converged = best.converged && std::isfinite(x);
  return best;
}

}  // namespace pith
