/* eval.h - `faasconf eval EXPERIMENT`: one function per experiment, listed in eval.c. */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* argv[0] is the experiment's name. Returns the command's exit code. */
typedef struct {
  const char *name;
  const char *summary;
  int (*run)(int argc, char **argv);
} eval_experiment_t;

extern const eval_experiment_t eval_motivation, eval_static, eval_dynamic, eval_ablation, eval_pool, eval_oracles,
    eval_local;

#ifdef __cplusplus
}
#endif
#endif
