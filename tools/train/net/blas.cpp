#include "train/net/blas.h"

#include <cblas.h>

namespace pith::lab {
namespace {

void gemm(CBLAS_TRANSPOSE a_order, CBLAS_TRANSPOSE b_order, Matrix<float> c, Matrix<const float> a,
          Matrix<const float> b, std::int64_t k, Into into) {
  cblas_sgemm(CblasRowMajor, a_order, b_order, static_cast<int>(c.rows), static_cast<int>(c.cols),
              static_cast<int>(k), 1.0f, a.data, static_cast<int>(a.stride), b.data,
              static_cast<int>(b.stride), into == Into::Add ? 1.0f : 0.0f, c.data,
              static_cast<int>(c.stride));
}

void gemm(CBLAS_TRANSPOSE a_order, CBLAS_TRANSPOSE b_order, Matrix<double> c, Matrix<const double> a,
          Matrix<const double> b, std::int64_t k, Into into) {
  cblas_dgemm(CblasRowMajor, a_order, b_order, static_cast<int>(c.rows), static_cast<int>(c.cols),
              static_cast<int>(k), 1.0, a.data, static_cast<int>(a.stride), b.data,
              static_cast<int>(b.stride), into == Into::Add ? 1.0 : 0.0, c.data, static_cast<int>(c.stride));
}

}  // namespace

template <class T>
void times_transposed(Matrix<T> c, Input<T> a, Input<T> b, Into into) {
  gemm(CblasNoTrans, CblasTrans, c, a, b, a.cols, into);
}

template <class T>
void times(Matrix<T> c, Input<T> a, Input<T> b, Into into) {
  gemm(CblasNoTrans, CblasNoTrans, c, a, b, a.cols, into);
}

template <class T>
void transposed_times(Matrix<T> c, Input<T> a, Input<T> b, Into into) {
  gemm(CblasTrans, CblasNoTrans, c, a, b, a.rows, into);
}

void use_one_blas_thread() { openblas_set_num_threads(1); }

template void times_transposed(Matrix<float>, Matrix<const float>, Matrix<const float>, Into);
template void times_transposed(Matrix<double>, Matrix<const double>, Matrix<const double>, Into);
template void times(Matrix<float>, Matrix<const float>, Matrix<const float>, Into);
template void times(Matrix<double>, Matrix<const double>, Matrix<const double>, Into);
template void transposed_times(Matrix<float>, Matrix<const float>, Matrix<const float>, Into);
template void transposed_times(Matrix<double>, Matrix<const double>, Matrix<const double>, Into);

}  // namespace pith::lab
