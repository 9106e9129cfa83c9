// eval/world/world.c: each world changes what it says and nothing else, and what it says can be measured.
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "simulated_windows.h"
#include "support.h"

extern "C" {
#include "world.h"
}

namespace {

// Owns a shipped workflow and one world of it.
struct OneWorld {
  OneWorld(const std::string &name, world_kind_t kind, uint64_t seed = 1) {
    EXPECT_OK(fc_workflow_load(fc_test::source_file("workflows/" + name + ".yaml").c_str(), &workflow, &error));
    EXPECT_OK(world_init(&world, workflow, kind, seed, &error));
  }
  ~OneWorld() {
    world_clear(&world);
    fc_workflow_destroy(&workflow);
  }
  OneWorld(const OneWorld &) = delete;
  OneWorld &operator=(const OneWorld &) = delete;
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  world_t world = {};
};

bool same(fc_simulator_parameters_t a, fc_simulator_parameters_t b, int n_functions) {
  const bool functions =
      std::memcmp(a.functions, b.functions, static_cast<size_t>(n_functions) * sizeof *a.functions) == 0;
  a.functions = b.functions = nullptr;
  return functions && std::memcmp(&a, &b, sizeof a) == 0;
}

bool nominal_is_the_files(const OneWorld &o) {
  return same(o.workflow->simulator, o.world.nominal, o.workflow->n_functions);
}

TEST(World, ExactIsTheFileTwice) {
  const OneWorld o("branch", WORLD_EXACT);
  EXPECT_TRUE(nominal_is_the_files(o));
  EXPECT_TRUE(same(o.world.nominal, o.world.truth, o.workflow->n_functions));
  EXPECT_NE(o.workflow->simulator.functions, o.world.truth.functions) << "owned";
}

TEST(World, TailHiddenAndBalancersChangeThatOnly) {
  OneWorld tail("parallel", WORLD_TAIL), hidden("tcktapp", WORLD_HIDDEN), least("parallel", WORLD_LEAST_CONNECTIONS),
      optimistic("parallel", WORLD_OPTIMISTIC);
  EXPECT_EQ(0.05, tail.world.truth.tail_share);
  EXPECT_EQ(4, tail.world.truth.tail_factor);
  EXPECT_EQ(FC_BALANCER_LEAST_CONNECTIONS, least.world.truth.balancer);
  EXPECT_EQ(FC_BALANCER_RANDOM, least.world.nominal.balancer);
  EXPECT_EQ(FC_BALANCER_RANDOM, optimistic.world.truth.balancer);
  EXPECT_EQ(FC_BALANCER_LEAST_CONNECTIONS, optimistic.world.nominal.balancer);
  EXPECT_NE(hidden.world.nominal.orchestrator_finish_s, hidden.world.truth.orchestrator_finish_s);
  // With that undone, nothing is left.
  tail.world.truth.tail_share = 0;
  hidden.world.truth.orchestrator_finish_s = hidden.world.nominal.orchestrator_finish_s;
  least.world.truth.balancer = FC_BALANCER_RANDOM;
  optimistic.world.nominal.balancer = FC_BALANCER_RANDOM;
  for (const OneWorld *o : {&tail, &hidden, &least, &optimistic}) {
    EXPECT_TRUE(nominal_is_the_files(*o)) << world_name(o->world.kind);
    EXPECT_TRUE(same(o->world.nominal, o->world.truth, o->workflow->n_functions)) << world_name(o->world.kind);
  }
}

TEST(World, ParametersChangesWorkMemoryAndOverheads) {
  OneWorld o("parallel", WORLD_PARAMETERS, 3);
  EXPECT_TRUE(nominal_is_the_files(o));
  fc_simulator_parameters_t &truth = o.world.truth;
  const fc_simulator_parameters_t &file = o.workflow->simulator;
#define EXPECT_DRAWN(field) EXPECT_NE(file.field, truth.field) << #field
  EXPECT_DRAWN(orchestrator_startup_s);
  EXPECT_DRAWN(orchestrator_finish_s);
  EXPECT_DRAWN(gateway_delay_s);
#undef EXPECT_DRAWN
  truth.orchestrator_startup_s = file.orchestrator_startup_s;
  truth.orchestrator_finish_s = file.orchestrator_finish_s;
  truth.gateway_delay_s = file.gateway_delay_s;
  const double answers = truth.functions[0].answer_delay_s / file.functions[0].answer_delay_s;
  for (int f = 0; f < o.workflow->n_functions; ++f) {
    EXPECT_NE(file.functions[f].work_cpu_s, truth.functions[f].work_cpu_s);
    EXPECT_NE(file.functions[f].mem_mib_per_request, truth.functions[f].mem_mib_per_request);
    EXPECT_NEAR(answers, truth.functions[f].answer_delay_s / file.functions[f].answer_delay_s, 1e-12) << "shared";
    truth.functions[f].work_cpu_s = file.functions[f].work_cpu_s;
    truth.functions[f].mem_mib_per_request = file.functions[f].mem_mib_per_request;
    truth.functions[f].answer_delay_s = file.functions[f].answer_delay_s;
  }
  EXPECT_TRUE(same(file, truth, o.workflow->n_functions));
}

// Median one, standard deviation of the logarithm 0.2, no two unknowns the same.
TEST(World, ParametersAreDrawnBySeedAndReproducible) {
  fc_test::Average work, squares, product;
  OneWorld file("parallel", WORLD_EXACT);
  fc_error_t error = {};
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    world_t one = {}, again = {};
    ASSERT_OK(world_init(&one, file.workflow, WORLD_PARAMETERS, seed, &error));
    ASSERT_OK(world_init(&again, file.workflow, WORLD_PARAMETERS, seed, &error));
    EXPECT_TRUE(same(one.truth, again.truth, file.workflow->n_functions));
    const auto log_of = [&](int f) {
      return std::log(one.truth.functions[f].work_cpu_s / file.workflow->simulator.functions[f].work_cpu_s);
    };
    work.add(log_of(2));
    squares.add(log_of(2) * log_of(2));
    product.add(log_of(2) * log_of(3));
    world_clear(&one);
    world_clear(&again);
  }
  EXPECT_NEAR(0, work.mean(), 4 * work.standard_error());
  EXPECT_NEAR(0.04, squares.mean(), 4 * squares.standard_error());
  EXPECT_NEAR(0, product.mean(), 4 * product.standard_error());
}

TEST(World, WorkflowsOfOneSeedAreOffByFactorsOfTheirOwn) {
  OneWorld sequential("sequential", WORLD_PARAMETERS, 1), parallel("parallel", WORLD_PARAMETERS, 1);
  const auto factor = [](const OneWorld &o) {
    return o.world.truth.functions[0].work_cpu_s / o.world.nominal.functions[0].work_cpu_s;
  };
  EXPECT_GT(std::fabs(factor(sequential) / factor(parallel) - 1), 1e-3);
}

TEST(World, OtherWorldsDoNotDependOnTheSeed) {
  for (int kind = 0; kind < WORLD_KINDS; ++kind) {
    const OneWorld a("sequential", static_cast<world_kind_t>(kind), 1),
        b("sequential", static_cast<world_kind_t>(kind), 2);
    EXPECT_EQ(world_is_seeded(static_cast<world_kind_t>(kind)),
              !same(a.world.truth, b.world.truth, a.workflow->n_functions));
    EXPECT_TRUE(same(a.world.nominal, b.world.nominal, a.workflow->n_functions));
  }
}

TEST(World, NamesAreFoundAgain) {
  for (int i = 0; i < WORLD_KINDS; ++i) {
    world_kind_t kind = WORLD_KINDS;
    const char *name = world_name(static_cast<world_kind_t>(i));
    EXPECT_TRUE(world_find(name, &kind));
    EXPECT_EQ(i, kind);
    EXPECT_NE(nullptr, std::strstr(world_names(), name));
    EXPECT_GT(std::strlen(world_summary(kind)), 10u);
  }
  world_kind_t kind;
  EXPECT_FALSE(world_find("exactly", &kind));
}

TEST(World, OneParticleIsTheTruthOrTheNominalWorld) {
  OneWorld o("parallel", WORLD_LEAST_CONNECTIONS);
  for (const bool truth : {true, false}) {
    particles_t particles = {};
    fc_error_t error = {};
    ASSERT_OK(world_particles(&o.world, o.workflow, truth, &particles, &error));
    EXPECT_EQ(1, particles.n);
    EXPECT_TRUE(same(truth ? o.world.truth : o.world.nominal, particles.parameters[0], o.workflow->n_functions));
    particles_clear(&particles);
  }
}

// ---- what can be measured ----

struct Measured {
  double latency_s, cpu_pct, p75_s;
};

// Means over windows of a lone user with everything at its maximum.
Measured measure(const OneWorld &o, bool truth, int n_windows) {
  fc_test::Simulated simulated(o.workflow, 1, FC_SEMANTICS_STRICT);
  fc_error_t error = {};
  EXPECT_OK(simulator_set_parameters(simulated.get(), truth ? &o.world.truth : &o.world.nominal, &error));
  fc_test::Configuration most;
  for (int f = 0; f < o.workflow->n_functions; ++f) {
    const fc_knob_range_t *ranges = o.workflow->functions[f].ranges;
    most.push_back({ranges[0].max, ranges[1].max, ranges[2].max, ranges[3].max});
  }
  fc_test::Average latency, cpu, p75;
  for (int w = 0; w < n_windows; ++w) {
    const fc_observation_t &seen = simulated.observe(w, most);
    latency.add(seen.outcome.latency_mean_s);
    cpu.add(seen.metrics[0].cpu_utilization_pct * most[0].replicas * seen.duration_s / seen.metrics[0].requests);
    p75.add(seen.metrics[0].latency_p75_s);
  }
  return {latency.mean(), cpu.mean(), p75.mean()};
}

// Every workflow takes 1.5 s longer, whoever makes its calls; its functions do not.
TEST(World, HiddenDelaysEveryWorkflowAndNoFunction) {
  for (const char *name : {"parallel", "sequential", "branch", "tcktapp"}) {
    OneWorld o(name, WORLD_HIDDEN);
    o.workflow->window_s = 1000; /* so that what is unfinished at its end is next to nothing */
    const Measured nominal = measure(o, false, 20), truth = measure(o, true, 20);
    EXPECT_NEAR(1.5, truth.latency_s - nominal.latency_s, 0.04) << name;
    EXPECT_NEAR(1, truth.p75_s / nominal.p75_s, 0.1) << name;
  }
}

TEST(World, TailRaisesTheWorkPerCallBy15Percent) {
  for (const char *name : {"sequential", "tcktapp"}) {
    OneWorld o(name, WORLD_TAIL);
    o.world.nominal.warmup_share = o.world.truth.warmup_share = 0;
    EXPECT_NEAR(1.15, measure(o, true, 600).cpu_pct / measure(o, false, 600).cpu_pct, 0.03) << name;
  }
}

}  // namespace
