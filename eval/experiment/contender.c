/* contender.c - see contender.h. */
#include "contender.h"

#include <stdio.h>
#include <string.h>

#include "comma_list.h"

void contender_variant_text(const contender_t *contender, char text[CONTENDER_VARIANT_SIZE]) {
  if (contender->tuner->is_planner && contender->level > 0)
    snprintf(text, CONTENDER_VARIANT_SIZE, "level %.2f", contender->level);
  else
    snprintf(text, CONTENDER_VARIANT_SIZE, "%s", contender->variant == TUNER_FAITHFUL ? "faithful" : "repaired");
  if (contender->concurrency_is_fixed) snprintf(text, CONTENDER_VARIANT_SIZE, "no concurrency");
}

static contender_t *add(contenders_t *contenders, const tuner_t *tuner) {
  FC_ASSERT(contenders->n < CONTENDERS_MAX);
  contender_t *contender = &contenders->items[contenders->n++];
  *contender = (contender_t){.tuner = tuner, .level = tuner->is_planner ? 0.95 : 0};
  return contender;
}

static void add_variants(contenders_t *contenders, const tuner_t *tuner) {
  (void)add(contenders, tuner);
  if (tuner->has_faithful) add(contenders, tuner)->variant = TUNER_FAITHFUL;
  if (tuner->is_planner && !tuner->knows_the_world) add(contenders, tuner)->level = 0.99;
}

void contender_name(const contender_t *contender, cell_t *cell) {
  snprintf(cell->method, sizeof cell->method, "%s", contender->tuner->name);
  contender_variant_text(contender, cell->variant);
  snprintf(cell->safety, sizeof cell->safety, "%s", fc_safety_strategy_name(contender->strategy));
  cell->rails = contender->rails != FC_RAILS_OFF;
}

void contenders_of_all_methods(contenders_t *contenders) {
  contenders->n = 0;
  for (int32_t i = 0; tuner_at(i) != NULL; ++i)
    if (!tuner_at(i)->knows_the_world) add_variants(contenders, tuner_at(i));
}

fc_status_t contenders_of_methods(contenders_t *contenders, const char *list, fc_error_t *error) {
  const char *names = NULL;
  contenders->n = 0;
  char name[FC_NAME_SIZE];
  for (const char *rest = list; comma_list_next(&rest, name, sizeof name);) {
    const tuner_t *tuner = tuner_find(name, &names);
    if (tuner == NULL) return fc_error_set(error, FC_EINVAL, "there is no method '%s'; methods: %s", name, names);
    for (int32_t i = 0; i < contenders->n; ++i)
      if (contenders->items[i].tuner == tuner)
        return fc_error_set(error, FC_EINVAL, "method '%s' is named twice", name);
    add_variants(contenders, tuner);
  }
  if (contenders->n > 0) return FC_OK;
  (void)tuner_find("", &names);
  return fc_error_set(error, FC_EINVAL, "no method is named; methods: %s", names);
}

void contenders_of_ablation(contenders_t *contenders) {
  static const char *const learners[] = {"attmf", "mean_field", "maddpg", "ddpg", "firm"};
  static const fc_safety_strategy_t strategies[] = {FC_STRATEGY_SES_CODE, FC_STRATEGY_SES_PAPER};
  contenders->n = 0;
  for (size_t i = 0; i < sizeof learners / sizeof learners[0]; ++i) {
    const tuner_t *tuner = tuner_find(learners[i], NULL);
    if (tuner != NULL) (void)add(contenders, tuner);
  }
  const tuner_t *attmf = tuner_find("attmf", NULL), *firm = tuner_find("firm", NULL);
  if (attmf == NULL || firm == NULL) return;
  add(contenders, attmf)->concurrency_is_fixed = true;
  add(contenders, firm)->concurrency_is_fixed = true;
  add(contenders, attmf)->variant = TUNER_FAITHFUL;
  for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; ++i) {
    add(contenders, attmf)->strategy = strategies[i];
    contender_t *both = add(contenders, attmf);
    both->strategy = strategies[i];
    both->rails = FC_RAILS_TUNING;
  }
  add(contenders, attmf)->rails = FC_RAILS_TUNING;
}

static fc_status_t next_strategy(const char **list, fc_safety_strategy_t *out, fc_error_t *error) {
  char item[FC_NAME_SIZE] = "";
  if (!comma_list_next(list, item, sizeof item) || !fc_safety_strategy_parse(item, out) ||
      *out == FC_STRATEGY_CONFORMAL)
    return fc_error_set(error, FC_EINVAL, "--safety: '%s' is no strategy here; use none, ses_code, ses_paper", item);
  return FC_OK;
}

static fc_status_t next_rails(const char **list, fc_rails_profile_t *out, fc_error_t *error) {
  char item[FC_NAME_SIZE] = "";
  if (!comma_list_next(list, item, sizeof item) || !fc_rails_profile_parse(item, out) || *out == FC_RAILS_PRODUCTION)
    return fc_error_set(error, FC_EINVAL, "--rails: '%s' is no profile here; use off, tuning", item);
  return FC_OK;
}

fc_status_t contenders_cross(contenders_t *contenders, const char *strategies, const char *rails, fc_error_t *error) {
  const contenders_t from = *contenders;
  contenders->n = 0;
  for (const char *s = strategies; *s != '\0';) {
    fc_safety_strategy_t strategy = FC_STRATEGY_NONE;
    FC_TRY(next_strategy(&s, &strategy, error));
    for (const char *r = rails; *r != '\0';) {
      fc_rails_profile_t profile = FC_RAILS_OFF;
      FC_TRY(next_rails(&r, &profile, error));
      for (int32_t i = 0; i < from.n; ++i) {
        if (contenders->n == CONTENDERS_MAX)
          return fc_error_set(error, FC_EINVAL, "more than %d methods at once", (int)CONTENDERS_MAX);
        contenders->items[contenders->n] = from.items[i];
        contenders->items[contenders->n].strategy = strategy;
        contenders->items[contenders->n++].rails = profile;
      }
    }
  }
  return FC_OK;
}
