/* device_cuda.cu - one CUDA device as faasconf/device.h wants it: memory, a stream, graphs. */
#include <cstdio>
#include <cstdlib>
#include <new>

#include "cuda.cuh"
#include "device_kind.h"
#include "table_cuda.h"

namespace {

struct CudaDevice {
  fc_device_t head; /* first: a fc_device_t * is a CudaDevice * */
  fc_stream stream;
};

CudaDevice *cuda_of(fc_device_t *device) {
  return reinterpret_cast<CudaDevice *>(device);
}

fc_status_t worked(cudaError_t status, const fc_device_t *device, const char *what, fc_error_t *error) {
  if (status == cudaSuccess) return FC_OK;
  return fc_error_set(error, FC_ECUDA, "%s: %s: %s", device->name, what, cudaGetErrorString(status));
}

void close_device(fc_device_t *device) {
  blas_close(cuda_of(device)->stream.blas);
  if (cuda_of(device)->stream.queue != nullptr) cudaStreamDestroy(cuda_of(device)->stream.queue);
  delete cuda_of(device);
}

fc_status_t set_stack(fc_device_t *device, size_t bytes, fc_error_t *error) {
  size_t now = 0;
  FC_TRY(worked(cudaDeviceGetLimit(&now, cudaLimitStackSize), device, "stack", error));
  if (now >= bytes) return FC_OK;
  return worked(cudaDeviceSetLimit(cudaLimitStackSize, bytes), device, "stack", error);
}

fc_status_t take(fc_device_t *device, size_t bytes, void **out, fc_error_t *error) {
  const cudaError_t status = cudaMalloc(out, bytes > 0 ? bytes : 1);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError(); /* not an error of what comes next */
    size_t free_bytes = 0, all_bytes = 0;
    cudaMemGetInfo(&free_bytes, &all_bytes);
    *out = nullptr;
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory for %zu MiB (%zu MiB are free)", device->name, bytes >> 20,
                        free_bytes >> 20);
  }
  FC_TRY(worked(status, device, "memory", error));
  const fc_status_t zeroed =
      worked(cudaMemsetAsync(*out, 0, bytes, cuda_of(device)->stream.queue), device, "memory", error);
  if (zeroed != FC_OK) {
    cudaFree(*out);
    *out = nullptr;
  }
  return zeroed;
}

void give(fc_device_t *device, void *memory) {
  (void)device;
  cudaFree(memory);
}

/* From pageable memory a copy is staged before it returns: the caller may go on. */
fc_status_t write(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error) {
  if (bytes == 0) return FC_OK;
  return worked(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, cuda_of(device)->stream.queue), device,
                "copy to the device", error);
}

/* What went wrong where nothing could be returned. */
fc_status_t launched(fc_device_t *device, fc_error_t *error) {
  const char *problem = blas_problem(cuda_of(device)->stream.blas);
  if (problem != nullptr) return fc_error_set(error, FC_ECUDA, "%s: cuBLAS: %s", device->name, problem);
  return worked(cudaGetLastError(), device, "launch", error);
}

fc_status_t wait(fc_device_t *device, fc_error_t *error) {
  FC_TRY(launched(device, error));
  return worked(cudaStreamSynchronize(cuda_of(device)->stream.queue), device, "kernel", error);
}

fc_status_t read(fc_device_t *device, void *to, const void *from, size_t bytes, fc_error_t *error) {
  if (bytes == 0) return wait(device, error);
  FC_TRY(worked(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, cuda_of(device)->stream.queue), device,
                "copy from the device", error));
  return wait(device, error);
}

fc_status_t parcel_open(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  void *data = nullptr;
  if (cudaHostAlloc(&data, parcel->bytes > 0 ? parcel->bytes : 1, cudaHostAllocDefault) != cudaSuccess) {
    cudaGetLastError();
    return fc_error_set(error, FC_ENOMEM, "%s: no page-locked memory for %zu bytes", device->name, parcel->bytes);
  }
  parcel->data = static_cast<uint8_t *>(data);
  cudaEvent_t event = nullptr;
  FC_TRY(worked(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), device, "event", error));
  parcel->mark = event;
  return FC_OK;
}

void parcel_close(fc_device_t *device, fc_parcel_t *parcel) {
  (void)device;
  if (parcel->mark != nullptr) {
    cudaEventSynchronize(static_cast<cudaEvent_t>(parcel->mark)); /* nothing is on its way to the memory any more */
    cudaEventDestroy(static_cast<cudaEvent_t>(parcel->mark));
  }
  if (parcel->data != nullptr) cudaFreeHost(parcel->data);
}

fc_status_t parcel_send(fc_device_t *device, uint8_t *to, const void *from, size_t bytes, fc_error_t *error) {
  return worked(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, cuda_of(device)->stream.queue), device,
                "copy from the device", error);
}

fc_status_t parcel_seal(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  FC_TRY(launched(device, error));
  return worked(cudaEventRecord(static_cast<cudaEvent_t>(parcel->mark), cuda_of(device)->stream.queue), device, "event",
                error);
}

fc_status_t parcel_await(fc_device_t *device, fc_parcel_t *parcel, fc_error_t *error) {
  return worked(cudaEventSynchronize(static_cast<cudaEvent_t>(parcel->mark)), device, "kernel", error);
}

fc_status_t record(fc_device_t *device, fc_error_t *error) {
  return worked(cudaStreamBeginCapture(cuda_of(device)->stream.queue, cudaStreamCaptureModeThreadLocal), device,
                "recording", error);
}

fc_status_t keep(fc_device_t *device, fc_recording_t **out, fc_error_t *error) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  *out = nullptr;
  FC_TRY(worked(cudaStreamEndCapture(cuda_of(device)->stream.queue, &graph), device, "recording", error));
  const cudaError_t status = cudaGraphInstantiate(&ready, graph, 0);
  cudaGraphDestroy(graph);
  FC_TRY(worked(status, device, "recording", error));
  *out = reinterpret_cast<fc_recording_t *>(ready);
  return FC_OK;
}

fc_status_t replay(fc_device_t *device, fc_recording_t *recording, fc_error_t *error) {
  return worked(cudaGraphLaunch(reinterpret_cast<cudaGraphExec_t>(recording), cuda_of(device)->stream.queue), device,
                "launch of a recording", error);
}

void forget(fc_device_t *device, fc_recording_t *recording) {
  (void)device;
  cudaGraphExecDestroy(reinterpret_cast<cudaGraphExec_t>(recording));
}

const device_kind_t cuda_kind = {close_device, set_stack,   take,         give,        write,       read,
                                 wait,         parcel_open, parcel_close, parcel_send, parcel_seal, parcel_await,
                                 record,       keep,        replay,       forget};

}  // namespace

extern "C" fc_status_t device_open_cuda(fc_device_t **out, fc_error_t *error) {
  *out = nullptr;
  int n = 0;
  const cudaError_t found = cudaGetDeviceCount(&n);
  if (found != cudaSuccess || n < 1) {
    cudaGetLastError();
    return fc_error_set(error, FC_ENOTFOUND, "backend cuda: no CUDA device: %s",
                        found == cudaSuccess ? "none is installed" : cudaGetErrorString(found));
  }
  CudaDevice *device = new (std::nothrow) CudaDevice();
  if (device == nullptr) return fc_error_set(error, FC_ENOMEM, "out of memory for a device");
  device->head.kind = &cuda_kind;
  device->head.ops = &ops_table_cuda;
  cudaDeviceProp properties;
  fc_status_t status = worked(cudaGetDeviceProperties(&properties, 0), &device->head, "properties", error);
  if (status == FC_OK) {
    snprintf(device->head.name, sizeof device->head.name, "%s", properties.name);
    status =
        worked(cudaStreamCreateWithFlags(&device->stream.queue, cudaStreamNonBlocking), &device->head, "stream", error);
  }
  if (status != FC_OK) {
    close_device(&device->head);
    return status;
  }
  device->stream.blas = blas_open(device->stream.queue);
  device->head.stream = &device->stream;
  *out = &device->head;
  return FC_OK;
}
