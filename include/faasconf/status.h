/* faasconf/status.h - how every fallible function of faasconf answers.
 *
 * A function that can fail returns fc_status_t; 0 is success, every failure is negative. Functions whose failure a
 * user must understand also take an `fc_error_t *error` as last argument and write a sentence into it: what was
 * wrong, where, and what to do. `error` may be NULL everywhere.
 *
 * Any thread; nothing here blocks or allocates.
 */
#ifndef FAASCONF_STATUS_H
#define FAASCONF_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, code, text): the one list of status codes. */
#define FC_STATUS_MAP(X)                                        \
  X(OK, 0, "ok")                                                \
  X(EINVAL, -1, "invalid argument")                             \
  X(ENOMEM, -2, "out of memory")                                \
  X(EIO, -3, "input/output error")                              \
  X(EFORMAT, -4, "malformed data")                              \
  X(ENOTFOUND, -5, "not found")                                 \
  X(EEXISTS, -6, "already exists")                              \
  X(EEXHAUSTED, -7, "a resource is exhausted, try again later") \
  X(ECLOSED, -8, "closed")                                      \
  X(ETIMEOUT, -9, "deadline exceeded")                          \
  X(ESTATE, -10, "not possible in the present state")           \
  X(EUNSAFE, -11, "refused by a safety rule")                   \
  X(EMISMATCH, -12, "does not match what is registered")        \
  X(ECUDA, -13, "CUDA error")                                   \
  X(EINTERNAL, -14, "internal error")

typedef enum {
#define FC_STATUS_ENUM(name, code, text) FC_##name = (code),
  FC_STATUS_MAP(FC_STATUS_ENUM)
#undef FC_STATUS_ENUM
} fc_status_t;

enum { FC_ERROR_MESSAGE_SIZE = 512 };

/* A failure with its sentence. `message` is always NUL-terminated UTF-8. */
typedef struct {
  fc_status_t status;
  char message[FC_ERROR_MESSAGE_SIZE];
} fc_error_t;

/* The short text of a code ("invalid argument"); "unknown status" for any other number. Static storage. */
const char *fc_status_text(fc_status_t status);

/* The symbolic name of a code ("FC_EINVAL"). Static storage. */
const char *fc_status_name(fc_status_t status);

/* Writes status and formatted sentence into *error (ignored when NULL) and returns `status`. */
#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
fc_status_t
fc_error_set(fc_error_t *error, fc_status_t status, const char *format, ...);

/* Puts "prefix: " before the sentence already in *error: adds the place to a failure from below. Returns error's
 * status, or FC_EINTERNAL when error is NULL. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
fc_status_t
fc_error_prefix(fc_error_t *error, const char *format, ...);

#define FC_TRY(expression)                              \
  do {                                                  \
    const fc_status_t fc_try_status_ = (expression);    \
    if (fc_try_status_ != FC_OK) return fc_try_status_; \
  } while (0)

/* Stores the status in `status_variable` and jumps to `label` on failure (to free what was taken). */
#define FC_TRY_GOTO(expression, status_variable, label) \
  do {                                                  \
    (status_variable) = (expression);                   \
    if ((status_variable) != FC_OK) goto label;         \
  } while (0)

/* A broken invariant of ours: prints expression, place and both values to stderr and aborts. Never compiled out;
 * never used on data from outside. */
#define FC_ASSERT(expression)                                                   \
  do {                                                                          \
    if (!(expression)) fc_assert_failed(#expression, 0, 0, __FILE__, __LINE__); \
  } while (0)
#define FC_ASSERT_EQ(a, b)                                                                \
  do {                                                                                    \
    const long long fc_a_ = (long long)(a);                                               \
    const long long fc_b_ = (long long)(b);                                               \
    if (fc_a_ != fc_b_) fc_assert_failed(#a " == " #b, fc_a_, fc_b_, __FILE__, __LINE__); \
  } while (0)
#ifdef __GNUC__
__attribute__((noreturn))
#endif
void fc_assert_failed(const char *expression, long long left, long long right, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
