// A workflow of one function with two knobs: small enough that a test can search its oracles.
#pragma once

namespace fc_test {

inline constexpr char kOneFunction[] = R"(faasconf: 1
workflow: one
window_s: 20
prices: {version: p, usd_per_millicore_hour: 0.000173, usd_per_mib_hour: 0.000012}
ranges: {cpu_millicores: [300, 2000], mem_mib: 512, replicas: [1, 4], concurrency: 4}
start: {cpu_millicores: 2000, mem_mib: 512, replicas: 4, concurrency: 4}
functions:
  - {name: f, mode: fork}
calls: [f]
qos:
  - latency_mean_s: 5
simulator:
  mark: assumed
  sigma_window: 0.1
  sigma_replica: 0.1
  functions:
    f: {work_cpu_s: 2, work_sigma: 0.1, mem_mib_per_request: 20}
)";

}  // namespace fc_test
