// Forced in front of the step function's sources when clang checks them as CUDA C++ without a CUDA installation: the
// attributes, and what device code may call.
#pragma once
#define __CUDACC__
#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#include <math.h>
#include <stddef.h>
extern "C" {
__device__ void *memset(void *, int, size_t);
__device__ double exp(double);
__device__ double log(double);
__device__ double log1p(double);
__device__ double sqrt(double);
__device__ double erfc(double);
__device__ double fabs(double);
__device__ double floor(double);
__device__ double ceil(double);
}
