// Inputs to start fuzzing from: a valid frame of every type and a valid payload of every RPC message, from seeds.
#pragma once
#include <string>
#include <vector>

namespace fc_test {
std::vector<std::string> wire_seeds(int per_type);
}
