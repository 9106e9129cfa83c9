/* claims.h - what the paper claims, and the same quantity from our cells.
 *
 * An effect is a number that is larger the more the claim holds: a saving, a factor, a compliance. The verdict follows
 * from its interval (95 %, bootstrap over workflows and seeds) alone: see claim_verdict. Cells of one world, track and
 * semantics are looked at; methods as repaired. Source: Wang et al., "FaaSConf", ASE '24. */
#ifndef EVAL_REPORT_CLAIMS_H
#define EVAL_REPORT_CLAIMS_H

#include "comparison.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CLAIMS_MAX = 32, CLAIM_REASON_SIZE = 256 };

typedef enum {
  CLAIM_NOT_MEASURED,
  CLAIM_HOLDS,
  CLAIM_HOLDS_WEAKER,
  CLAIM_DOES_NOT_HOLD,
  CLAIM_UNDECIDED
} claim_verdict_t;

typedef enum { CLAIM_SHARE, CLAIM_FACTOR } claim_unit_t; /* 0.24 is shown as 24 %; 3.48 as 3.48 x */

typedef struct {
  const char *text; /* static */
  double paper;     /* the paper's effect */
  double null;      /* the effect of no difference; NaN: the claim is a level, not a difference */
  claim_unit_t unit;
  paired_interval_t ours;
  int32_t n_pairs, n_clusters; /* of pairs with one workflow and seed */
  int32_t n_left_out;          /* pairs in which a side did not meet QoS where both must, or was not measured */
  char safety[16];             /* under which the arm ran: "none", "ses_code", "ses_paper" */
  claim_verdict_t verdict;
  char reason[CLAIM_REASON_SIZE]; /* of the difference, or of not being measured */
} claim_t;

typedef struct {
  const char *world, *track, *semantics; /* of the cells that count */
  uint64_t seed;                         /* of the bootstrap */
} claim_scope_t;

/* holds: the interval lies above `null` and reaches `paper`; weaker: above `null`, below `paper`; does not hold:
 * reaches neither, or lies below `null`; undecided: it holds both `null` and `paper`, or there is none (fewer than
 * six clusters). Of a level (null NaN): holds when the interval reaches `paper`, else does not hold. */
claim_verdict_t claim_verdict(const paired_interval_t *ours, double paper, double null);

/* "holds", "holds weaker", "does not hold", "not decided", "not measured". Static storage. */
const char *claim_verdict_text(claim_verdict_t verdict);

/* All claims, *n of them. FC_ENOMEM. */
fc_status_t claims_of(const cell_t *cells, int32_t n_cells, const claim_scope_t *scope, claim_t claims[CLAIMS_MAX],
                      int32_t *n, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
