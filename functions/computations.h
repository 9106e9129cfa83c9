/* computations.h - the computations inside the kinds of work.h, by themselves. Pure, whole numbers; any thread. */
#ifndef FUNCTIONS_COMPUTATIONS_H
#define FUNCTIONS_COMPUTATIONS_H

#include <stdint.h>

#include "faasconf/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* RGB, 8 bits, rows from the top. */
typedef struct {
  uint8_t *bytes; /* (height, width, 3) */
  int32_t width, height;
} picture_t;

/* Bilinear, pixel centres aligned, edges repeated, 16 bits of fraction; `to` has the wanted size. Sizes 1 to 16384. */
void image_resize(const picture_t *from, picture_t *to);

/* A convolution layer: 3 x 3, zeros outside, weights (channels out, channels in, 3, 3); to = min(255, max(0, sum)
 * >> shift). from and to are (channels, height, width) and do not overlap. */
typedef struct {
  int32_t channels, width, height;
  const int8_t *weights;
  int32_t shift;
} convolution_t;
void convolution_forward(const convolution_t *layer, const uint8_t *from, uint8_t *to);

/* y (n_out) = weights (n_out, n_in) x (n_in): a dense layer's products, before its activation. */
void dense_forward(const int8_t *weights, const uint8_t *x, int32_t n_in, int32_t n_out, int32_t *y);
/* to (n) = min(255, max(0, from) >> shift). */
void dense_activate(const int32_t *from, int32_t n, int32_t shift, uint8_t *to);

/* {"orders": [{"id", "customer", "items": [{"category", "cents", "quantity"}]}]} -> {"orders": number of orders left,
 * "totals": {category: cents}, "large": [ids]}: prices less `discount_percent`, rounded down per item; orders below
 * 1000 cents are dropped, those of 10000 cents and more are large. Caller owns the result. FC_EFORMAT. */
fc_status_t json_transform(const fc_json_t *orders, int32_t discount_percent, fc_json_t **out, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
