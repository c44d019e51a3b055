// A picture of a fit: the runs, the law's best loss for each compute, and the residuals.
#pragma once

#include <string>

#include "analyse/scaling_report.h"

namespace pith {

/// One SVG document.
std::string plot_scaling(const ScalingReport& report);

}  // namespace pith
