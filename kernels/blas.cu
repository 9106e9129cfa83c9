/* blas.cu - see blas.cuh. */
#include "blas.cuh"

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
#include <dlfcn.h>

#include <cstdio>
#include <new>

constexpr size_t WORKSPACE_BYTES = size_t{32} << 20; /* what the library asks for on the largest devices */

struct blas {
  void *library; /* stays loaded: the runtime keeps pointers into it */
  cublasHandle_t handle;
  void *workspace; /* given beforehand, so that recordings need no memory */
  decltype(&cublasDestroy) destroy;
  decltype(&cublasSgemmStridedBatched) multiply;
  decltype(&cublasGetStatusString) text;
  cublasStatus_t problem;
};

namespace {

template <typename Function>
bool find(void *library, const char *name, Function *out) {
  *out = reinterpret_cast<Function>(dlsym(library, name));
  return *out != nullptr;
}

bool start(blas_t *blas, cudaStream_t stream) {
  decltype(&cublasCreate) create;
  decltype(&cublasSetStream) set_stream;
  decltype(&cublasSetWorkspace) set_workspace;
  char name[32];
  snprintf(name, sizeof name, "libcublas.so.%d", CUBLAS_VER_MAJOR);
  blas->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (blas->library == nullptr) return false;
  if (!find(blas->library, "cublasCreate_v2", &create) || !find(blas->library, "cublasSetStream_v2", &set_stream) ||
      !find(blas->library, "cublasSetWorkspace_v2", &set_workspace) ||
      !find(blas->library, "cublasDestroy_v2", &blas->destroy) ||
      !find(blas->library, "cublasGetStatusString", &blas->text) ||
      !find(blas->library, "cublasSgemmStridedBatched", &blas->multiply))
    return false;
  if (create(&blas->handle) != CUBLAS_STATUS_SUCCESS) return false;
  return cudaMalloc(&blas->workspace, WORKSPACE_BYTES) == cudaSuccess &&
         set_stream(blas->handle, stream) == CUBLAS_STATUS_SUCCESS &&
         set_workspace(blas->handle, blas->workspace, WORKSPACE_BYTES) == CUBLAS_STATUS_SUCCESS;
}

}  // namespace

blas_t *blas_open(cudaStream_t stream) {
  blas_t *blas = new (std::nothrow) blas_t();
  if (blas != nullptr && start(blas, stream)) return blas;
  blas_close(blas);
  cudaGetLastError(); /* not an error of what comes next */
  return nullptr;
}

void blas_close(blas_t *blas) {
  if (blas == nullptr) return;
  if (blas->handle != nullptr) blas->destroy(blas->handle);
  cudaFree(blas->workspace);
  delete blas;
}

const char *blas_problem(const blas_t *blas) {
  return blas == nullptr || blas->problem == CUBLAS_STATUS_SUCCESS ? nullptr : blas->text(blas->problem);
}

/* The library's matrices lie column by column, so that a row-major C = A B is its C' = B' A'. */
void blas_multiply(blas_t *blas, const blas_product_t *p) {
  const float one = 1, beta = p->accumulate ? 1.0f : 0.0f;
  const bool b_plain = p->b_column == 1, a_plain = p->a_column == 1;
  const cublasStatus_t status =
      blas->multiply(blas->handle, b_plain ? CUBLAS_OP_N : CUBLAS_OP_T, a_plain ? CUBLAS_OP_N : CUBLAS_OP_T, p->n, p->m,
                     p->k, &one, p->b, static_cast<int>(b_plain ? p->b_row : p->b_column), p->b_learner, p->a,
                     static_cast<int>(a_plain ? p->a_row : p->a_column), p->a_learner, &beta, p->c,
                     static_cast<int>(p->c_row), p->c_learner, p->n_learners);
  if (status != CUBLAS_STATUS_SUCCESS && blas->problem == CUBLAS_STATUS_SUCCESS) blas->problem = status;
}

#else /* a toolkit without it */

blas_t *blas_open(cudaStream_t stream) {
  (void)stream;
  return nullptr;
}
void blas_close(blas_t *blas) {
  (void)blas;
}
const char *blas_problem(const blas_t *blas) {
  (void)blas;
  return nullptr;
}
void blas_multiply(blas_t *blas, const blas_product_t *product) {
  (void)blas;
  (void)product;
}

#endif
