/* learned_cache.h - trained states by what they were trained on, so that a training is done once.
 *
 * The name of a state is a SHA-256 over everything that decides it. A lock per name (flock) makes others that need the
 * same state, in this process or another, wait for the one that trains it. Blocks on file I/O and on that lock.
 */
#ifndef EVAL_TUNERS_LEARNED_CACHE_H
#define EVAL_TUNERS_LEARNED_CACHE_H

#include "faasconf/digest.h"
#include "trainer.h"
#include "tuner.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LEARNED_CACHE_PATH_SIZE = 1024 };

/* Everything measured in the window, as part of a hash. */
void learned_cache_add_window(fc_sha256_t *hash, const fc_observation_t *window);

/* SHA-256 of the setting's workflow, rows and knobs, of options and the number of updates, and of a number that goes up
 * with whatever else makes training come to something different, as hex. */
void learned_cache_name(const tuner_setting_t *setting, const trainer_options_t *options, int64_t updates,
                        char name[FC_HEX_SIZE]);

/* Makes `folder` when it is not there, locks the name within it and writes the state's folder into path. *lock: to be
 * given to learned_cache_unlock, also -1 after an error. FC_EIO. */
fc_status_t learned_cache_lock(const char *folder, const char *name, char path[LEARNED_CACHE_PATH_SIZE], int *lock,
                               fc_error_t *error);
void learned_cache_unlock(int lock);

/* Seconds that making the state at `path` took, in a file beside it; a file that cannot be written is left out. */
void learned_cache_keep_seconds(const char *path, double seconds);
/* What was kept, into *setting->prepared_s: added to it, NaN where nobody knows. */
void learned_cache_tell_seconds(const tuner_setting_t *setting, const char *path);

#ifdef __cplusplus
}
#endif
#endif
