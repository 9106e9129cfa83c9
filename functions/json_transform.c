/* json_transform.c - kind json-transform: a generated list of orders is parsed, priced, filtered and printed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "computations.h"
#include "faasconf/rng.h"
#include "work.h"

enum { SMALL_CENTS = 1000, LARGE_CENTS = 10000, N_CATEGORIES = 4 };

/* Sum of an order's items, added to the totals of their categories too when `totals` is there. */
static fc_status_t price_order(const fc_json_t *order, int32_t discount_percent, fc_json_t *totals, int64_t *cents,
                               fc_error_t *error) {
  const fc_json_t *items = fc_json_get(order, "items");
  *cents = 0;
  if (!fc_json_is_array(items)) return fc_error_set(error, FC_EFORMAT, "orders: an order has no list of items");
  for (size_t i = 0; i < fc_json_size(items); ++i) {
    const fc_json_t *item = fc_json_at(items, i);
    const char *category = fc_json_string(fc_json_get(item, "category"));
    int64_t each = 0, quantity = 0, total = 0;
    if (category == NULL || !fc_json_int(fc_json_get(item, "cents"), &each) ||
        !fc_json_int(fc_json_get(item, "quantity"), &quantity))
      return fc_error_set(error, FC_EFORMAT, "orders: item %zu lacks category, cents or quantity", i);
    const int64_t price = each * quantity * (100 - discount_percent) / 100;
    *cents += price;
    if (totals == NULL) continue;
    (void)fc_json_int(fc_json_get(totals, category), &total);
    fc_json_set_int(totals, category, total + price);
  }
  return FC_OK;
}

typedef struct {
  fc_json_t *totals, *large;
  int64_t n_orders;
} sums_t;

static fc_status_t sum_orders(const fc_json_t *list, int32_t discount_percent, sums_t *sums, fc_error_t *error) {
  if (!fc_json_is_array(list)) return fc_error_set(error, FC_EFORMAT, "orders: expected a list");
  for (size_t i = 0; i < fc_json_size(list); ++i) {
    const fc_json_t *order = fc_json_at(list, i);
    int64_t cents = 0, id = 0;
    FC_TRY(price_order(order, discount_percent, NULL, &cents, error));
    if (cents < SMALL_CENTS) continue;
    FC_TRY(price_order(order, discount_percent, sums->totals, &cents, error));
    sums->n_orders += 1;
    if (cents >= LARGE_CENTS && fc_json_int(fc_json_get(order, "id"), &id)) fc_json_append_int(sums->large, id);
  }
  return FC_OK;
}

fc_status_t json_transform(const fc_json_t *orders, int32_t discount_percent, fc_json_t **out, fc_error_t *error) {
  sums_t sums = {fc_json_object(), fc_json_array(), 0};
  const fc_status_t status = sum_orders(fc_json_get(orders, "orders"), discount_percent, &sums, error);
  if (status == FC_OK) {
    *out = fc_json_object();
    fc_json_set_int(*out, "orders", sums.n_orders);
    fc_json_set(*out, "totals", &sums.totals);
    fc_json_set(*out, "large", &sums.large);
  }
  fc_json_destroy(&sums.totals);
  fc_json_destroy(&sums.large);
  return status;
}

/* ---- the kind ---- */

enum { N_ORDERS = 48, MAX_ITEMS = 8, TEXT_BYTES = 64 * 1024 };

typedef struct {
  fc_sha256_t results; /* of all that was printed */
  size_t size;
  char text[TEXT_BYTES];
} scratch_t;

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
print(scratch_t *scratch, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(scratch->text + scratch->size, TEXT_BYTES - scratch->size, format, arguments);
  va_end(arguments);
  FC_ASSERT(n >= 0 && (size_t)n < TEXT_BYTES - scratch->size);
  scratch->size += (size_t)n;
}

static void prepare(void *memory, uint64_t number) {
  static const char *const categories[N_CATEGORIES] = {"books", "garden", "kitchen", "toys"};
  scratch_t *scratch = memory;
  fc_rng_t rng;
  fc_rng_init(&rng, number, 6);
  fc_sha256_start(&scratch->results);
  scratch->size = 0;
  print(scratch, "{\"orders\": [");
  for (int32_t order = 0; order < N_ORDERS; ++order) {
    const uint32_t n_items = 1 + fc_rng_below(&rng, MAX_ITEMS);
    print(scratch, "%s{\"id\": %d, \"customer\": \"customer-%" PRIu32 "\", \"items\": [", order > 0 ? ", " : "",
          (int)order, fc_rng_below(&rng, 1000));
    for (uint32_t item = 0; item < n_items; ++item)
      print(scratch, "%s{\"category\": \"%s\", \"cents\": %" PRIu32 ", \"quantity\": %" PRIu32 "}",
            item > 0 ? ", " : "", categories[fc_rng_below(&rng, N_CATEGORIES)], 1 + fc_rng_below(&rng, 3000),
            1 + fc_rng_below(&rng, 4));
    print(scratch, "]}");
  }
  print(scratch, "]}");
}

static fc_status_t repeat(void *memory, int32_t repetition, fc_error_t *error) {
  scratch_t *scratch = memory;
  fc_json_t *orders = NULL, *result = NULL;
  FC_TRY(fc_json_parse(scratch->text, scratch->size, &orders, error));
  const fc_status_t status = json_transform(orders, repetition % 30, &result, error);
  fc_json_destroy(&orders);
  if (status != FC_OK) return status;
  char *text = fc_json_dump(result, 0);
  fc_json_destroy(&result);
  if (text == NULL) return fc_error_set(error, FC_ENOMEM, "json-transform: no memory to print");
  fc_sha256_update(&scratch->results, text, strlen(text));
  free(text);
  return FC_OK;
}

static void hash_result(const void *memory, fc_sha256_t *hash) {
  const scratch_t *scratch = memory;
  fc_sha256_t results = scratch->results;
  uint8_t digest[FC_DIGEST_SIZE];
  fc_sha256_final(&results, digest);
  fc_sha256_update(hash, digest, sizeof digest);
}

const work_kind_t work_json_transform = {.name = "json-transform",
                                         .summary = "48 generated orders parsed, priced, filtered and printed as JSON",
                                         .scratch_bytes = sizeof(scratch_t),
                                         .prepare = prepare,
                                         .repeat = repeat,
                                         .hash = hash_result};
