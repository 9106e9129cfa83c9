/* spool.c - the on-disk spool: see spool.h. */
#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 28, MAX_RECORD = FC_WIRE_MAX_INGEST_BYTES, MAX_SEGMENT = 1 << 20, N_SEGMENTS_WANTED = 8 };
static const uint32_t RECORD_MAGIC = 0x31534346; /* "FCS1" */

typedef struct {
  uint32_t id;
  int64_t bytes;
  int32_t n_live; /* records not yet acknowledged */
} segment_t;

typedef struct {
  spool_record_t about;
  uint32_t segment; /* id */
  int64_t offset;   /* of the payload */
  uint32_t crc;
} entry_t;

struct spool {
  char path[FOLDER_PATH_SIZE];
  int folder;
  int active; /* descriptor of the last segment, or -1 */
  int64_t max_bytes, segment_bytes, bytes, damaged_bytes;
  uint64_t dropped;
  uint32_t last_id;
  segment_t *segments; /* ascending id */
  int32_t n_segments, segments_capacity;
  entry_t *entries; /* oldest first, from `first` */
  int32_t first, n_entries, entries_capacity;
};

static void put_u32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = (uint8_t)(value >> (8 * i));
}
static void put_u64(uint8_t *to, uint64_t value) {
  for (int i = 0; i < 8; ++i) to[i] = (uint8_t)(value >> (8 * i));
}
static uint64_t get_number(const uint8_t *from, int bytes) {
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = value << 8 | from[i];
  return value;
}

static void segment_name(uint32_t id, char name[32]) {
  snprintf(name, 32, "%08u.seg", id);
}

static segment_t *segment_find(const spool_t *spool, uint32_t id) {
  for (int32_t i = 0; i < spool->n_segments; ++i)
    if (spool->segments[i].id == id) return &spool->segments[i];
  return NULL;
}

static bool segment_add(spool_t *spool, uint32_t id) {
  if (spool->n_segments == spool->segments_capacity) {
    const int32_t capacity = spool->segments_capacity ? 2 * spool->segments_capacity : 16;
    segment_t *grown = realloc(spool->segments, (size_t)capacity * sizeof *grown);
    if (!grown) return false;
    spool->segments = grown;
    spool->segments_capacity = capacity;
  }
  spool->segments[spool->n_segments++] = (segment_t){.id = id};
  return true;
}

static bool entry_add(spool_t *spool, const entry_t *entry) {
  if (spool->first + spool->n_entries == spool->entries_capacity) {
    if (spool->first > spool->n_entries) {
      memmove(spool->entries, spool->entries + spool->first, (size_t)spool->n_entries * sizeof *entry);
      spool->first = 0;
    } else {
      const int32_t capacity = spool->entries_capacity ? 2 * spool->entries_capacity : 64;
      entry_t *grown = realloc(spool->entries, (size_t)capacity * sizeof *grown);
      if (!grown) return false;
      spool->entries = grown;
      spool->entries_capacity = capacity;
    }
  }
  spool->entries[spool->first + spool->n_entries++] = *entry;
  return true;
}

/* Forgets a segment and its file. Its live records, when there are any, were counted by the caller. */
static void segment_remove(spool_t *spool, int32_t position) {
  const segment_t segment = spool->segments[position];
  char name[32];
  segment_name(segment.id, name);
  if (position == spool->n_segments - 1 && spool->active >= 0) {
    close(spool->active);
    spool->active = -1;
  }
  unlinkat(spool->folder, name, 0);
  spool->bytes -= segment.bytes;
  memmove(spool->segments + position, spool->segments + position + 1,
          (size_t)(spool->n_segments - position - 1) * sizeof segment);
  spool->n_segments -= 1;
}

static void pop_acked(spool_t *spool) {
  while (spool->n_entries > 0 && spool->entries[spool->first].about.acked) {
    spool->first += 1;
    spool->n_entries -= 1;
  }
  if (spool->n_entries == 0) spool->first = 0;
}

static void drop_oldest_segment(spool_t *spool) {
  const uint32_t id = spool->segments[0].id;
  for (int32_t i = 0; i < spool->n_entries; ++i) {
    entry_t *entry = &spool->entries[spool->first + i];
    if (entry->segment != id) break;
    if (!entry->about.acked) spool->dropped += 1;
    entry->about.acked = true;
  }
  pop_acked(spool);
  segment_remove(spool, 0);
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static bool read_at(int descriptor, void *to, size_t size, int64_t offset) {
  uint8_t *bytes = to;
  while (size > 0) {
    const ssize_t n = pread(descriptor, bytes, size, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    offset += n;
    size -= (size_t)n;
  }
  return true;
}

static uint32_t record_crc(const uint8_t header[HEADER_SIZE], const uint8_t *payload, size_t size) {
  return fc_crc32c(fc_crc32c(0, header, HEADER_SIZE - 4), payload, size);
}

/* Indexes one file up to its first damaged record; returns the length of the good part. */
static fc_status_t scan_segment(spool_t *spool, int descriptor, uint32_t id, int64_t size, int64_t *good,
                                fc_error_t *error) {
  uint8_t *payload = malloc(MAX_RECORD);
  if (!payload) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
  int64_t offset = 0;
  fc_status_t status = FC_OK;
  while (offset + HEADER_SIZE <= size) {
    uint8_t header[HEADER_SIZE];
    if (!read_at(descriptor, header, sizeof header, offset)) break;
    const uint32_t length = (uint32_t)get_number(header + 4, 4);
    if (get_number(header, 4) != RECORD_MAGIC || length == 0 || length > MAX_RECORD) break;
    if (offset + HEADER_SIZE + length > size || !read_at(descriptor, payload, length, offset + HEADER_SIZE)) break;
    const uint32_t crc = (uint32_t)get_number(header + 24, 4);
    if (record_crc(header, payload, length) != crc) break;
    const entry_t entry = {
        {get_number(header + 8, 8), get_number(header + 16, 8), length, false, false}, id, offset + HEADER_SIZE, crc};
    if (!entry_add(spool, &entry)) {
      status = fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
      break;
    }
    segment_find(spool, id)->n_live += 1;
    offset += HEADER_SIZE + length;
  }
  free(payload);
  *good = offset;
  return status;
}

static fc_status_t open_segment(spool_t *spool, uint32_t id, fc_error_t *error) {
  char name[32];
  segment_name(id, name);
  const int descriptor = openat(spool->folder, name, O_RDWR | O_CLOEXEC);
  struct stat about;
  if (descriptor < 0 || fstat(descriptor, &about) != 0) {
    const int number = errno;
    if (descriptor >= 0) close(descriptor);
    return fc_error_set(error, FC_EIO, "%s/%s: cannot open: %s", spool->path, name, strerror(number));
  }
  if (!segment_add(spool, id)) {
    close(descriptor);
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
  }
  int64_t good = 0;
  fc_status_t status = scan_segment(spool, descriptor, id, about.st_size, &good, error);
  if (status == FC_OK && good < about.st_size) {
    spool->damaged_bytes += about.st_size - good;
    if (ftruncate(descriptor, good) != 0)
      status =
          fc_error_set(error, FC_EIO, "%s/%s: cannot cut off a damaged end: %s", spool->path, name, strerror(errno));
  }
  close(descriptor);
  segment_t *segment = segment_find(spool, id);
  segment->bytes = good;
  spool->bytes += good;
  spool->last_id = id;
  if (status == FC_OK && segment->n_live == 0) segment_remove(spool, spool->n_segments - 1);
  return status;
}

static int compare_ids(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static fc_status_t open_segments(spool_t *spool, fc_error_t *error) {
  DIR *listing = opendir(spool->path);
  if (!listing) return fc_error_set(error, FC_EIO, "%s: cannot list: %s", spool->path, strerror(errno));
  uint32_t *ids = NULL;
  int32_t n = 0, capacity = 0;
  fc_status_t status = FC_OK;
  for (struct dirent *item = readdir(listing); item; item = readdir(listing)) {
    char expected[32];
    const uint32_t id = (uint32_t)strtoul(item->d_name, NULL, 10);
    segment_name(id, expected); /* any other name is not of a segment */
    if (strcmp(item->d_name, expected) != 0) continue;
    if (n == capacity) {
      capacity = capacity ? 2 * capacity : 16;
      uint32_t *grown = realloc(ids, (size_t)capacity * sizeof *ids);
      if (!grown) {
        status = fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
        break;
      }
      ids = grown;
    }
    ids[n++] = id;
  }
  closedir(listing);
  if (n > 1) qsort(ids, (size_t)n, sizeof *ids, compare_ids);
  for (int32_t i = 0; i < n && status == FC_OK; ++i) status = open_segment(spool, ids[i], error);
  free(ids);
  return status;
}

fc_status_t spool_open(const folder_t *folder, int64_t max_bytes, spool_t **out, fc_error_t *error) {
  *out = NULL;
  spool_t *spool = calloc(1, sizeof *spool);
  if (!spool) return fc_error_set(error, FC_ENOMEM, "spool: out of memory");
  spool->folder = spool->active = -1;
  spool->max_bytes = max_bytes;
  spool->segment_bytes = max_bytes / N_SEGMENTS_WANTED < MAX_SEGMENT ? max_bytes / N_SEGMENTS_WANTED : MAX_SEGMENT;
  folder_path(folder, "spool", spool->path);
  fc_status_t status = FC_OK;
  if (mkdirat(folder->descriptor, "spool", 0700) != 0 && errno != EEXIST)
    status = fc_error_set(error, FC_EIO, "%s: cannot make the folder: %s", spool->path, strerror(errno));
  if (status == FC_OK) {
    spool->folder = openat(folder->descriptor, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder < 0)
      status = fc_error_set(error, FC_EIO, "%s: cannot open the folder: %s", spool->path, strerror(errno));
  }
  if (status == FC_OK) status = open_segments(spool, error);
  while (status == FC_OK && spool->n_segments > 0 && spool->bytes > max_bytes) drop_oldest_segment(spool);
  if (status != FC_OK) {
    spool_destroy(&spool);
    return status;
  }
  *out = spool;
  return FC_OK;
}

void spool_destroy(spool_t **spool_pointer) {
  spool_t *spool = *spool_pointer;
  if (!spool) return;
  if (spool->active >= 0) close(spool->active);
  if (spool->folder >= 0) close(spool->folder);
  free(spool->segments);
  free(spool->entries);
  free(spool);
  *spool_pointer = NULL;
}

/* ---- appending ------------------------------------------------------------------------------------------------ */

/* A new segment at the start, after a full one, and after a write that failed part-way. */
static fc_status_t start_segment(spool_t *spool, fc_error_t *error) {
  char name[32];
  if (spool->active >= 0) close(spool->active);
  segment_name(++spool->last_id, name);
  spool->active = openat(spool->folder, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (spool->active < 0)
    return fc_error_set(error, FC_EIO, "%s/%s: cannot create: %s", spool->path, name, strerror(errno));
  if (!segment_add(spool, spool->last_id)) {
    close(spool->active);
    spool->active = -1;
    unlinkat(spool->folder, name, 0);
    return fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
  }
  if (fsync(spool->folder) != 0)
    return fc_error_set(error, FC_EIO, "%s: cannot sync the folder: %s", spool->path, strerror(errno));
  return FC_OK;
}

static bool write_record(int descriptor, const uint8_t *header, const uint8_t *payload, size_t size) {
  const uint8_t *parts[2] = {header, payload};
  const size_t sizes[2] = {HEADER_SIZE, size};
  for (int i = 0; i < 2; ++i) {
    size_t done = 0;
    while (done < sizes[i]) {
      const ssize_t n = write(descriptor, parts[i] + done, sizes[i] - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += (size_t)n;
    }
  }
  return fdatasync(descriptor) == 0;
}

/* After a failed write the segment's end is unknown: cut it back, and never append to it again. */
static fc_status_t give_up_segment(spool_t *spool, fc_error_t *error) {
  const int number = errno;
  segment_t *segment = &spool->segments[spool->n_segments - 1];
  if (ftruncate(spool->active, segment->bytes) != 0) spool->damaged_bytes += 1;
  close(spool->active);
  spool->active = -1;
  if (segment->n_live == 0) segment_remove(spool, spool->n_segments - 1);
  spool->dropped += 1;
  return fc_error_set(error, FC_EIO, "%s: cannot write a record: %s", spool->path, strerror(number));
}

fc_status_t spool_append(spool_t *spool, uint64_t epoch, uint64_t sequence, const uint8_t *payload, size_t size,
                         fc_error_t *error) {
  const int64_t need = (int64_t)size + HEADER_SIZE;
  if (size == 0 || size > MAX_RECORD || need > spool->max_bytes / 2) {
    spool->dropped += 1;
    return fc_error_set(error, FC_EEXHAUSTED, "%s: a transition of %zu bytes does not fit: raise spool.max_bytes",
                        spool->path, size);
  }
  while (spool->n_segments > 0 && spool->bytes + need > spool->max_bytes) drop_oldest_segment(spool);
  const bool full = spool->n_segments > 0 && spool->segments[spool->n_segments - 1].bytes >= spool->segment_bytes;
  if (spool->active < 0 || full) {
    const fc_status_t status = start_segment(spool, error);
    if (status != FC_OK) {
      spool->dropped += 1;
      return status;
    }
  }
  segment_t *segment = &spool->segments[spool->n_segments - 1];
  uint8_t header[HEADER_SIZE];
  put_u32(header, RECORD_MAGIC);
  put_u32(header + 4, (uint32_t)size);
  put_u64(header + 8, epoch);
  put_u64(header + 16, sequence);
  const uint32_t crc = record_crc(header, payload, size);
  put_u32(header + 24, crc);
  const entry_t entry = {
      {epoch, sequence, (uint32_t)size, false, false}, segment->id, segment->bytes + HEADER_SIZE, crc};
  if (!write_record(spool->active, header, payload, size)) return give_up_segment(spool, error);
  if (!entry_add(spool, &entry)) {
    errno = ENOMEM;
    return give_up_segment(spool, error);
  }
  segment->bytes += need;
  segment->n_live += 1;
  spool->bytes += need;
  return FC_OK;
}

/* ---- reading and acknowledging -------------------------------------------------------------------------------- */

int32_t spool_size(const spool_t *spool) {
  return spool->n_entries;
}

const spool_record_t *spool_at(const spool_t *spool, int32_t index) {
  FC_ASSERT(index >= 0 && index < spool->n_entries);
  return &spool->entries[spool->first + index].about;
}

fc_status_t spool_load(const spool_t *spool, int32_t index, fc_wire_buffer_t *bytes, fc_error_t *error) {
  FC_ASSERT(index >= 0 && index < spool->n_entries);
  const entry_t *entry = &spool->entries[spool->first + index];
  char name[32];
  segment_name(entry->segment, name);
  if (bytes->capacity < entry->about.size) {
    uint8_t *grown = realloc(bytes->data, entry->about.size);
    if (!grown) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", spool->path);
    bytes->data = grown;
    bytes->capacity = entry->about.size;
  }
  const int descriptor = openat(spool->folder, name, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fc_error_set(error, FC_EIO, "%s/%s: cannot open: %s", spool->path, name, strerror(errno));
  uint8_t header[HEADER_SIZE];
  const bool read_ok = read_at(descriptor, header, sizeof header, entry->offset - HEADER_SIZE) &&
                       read_at(descriptor, bytes->data, entry->about.size, entry->offset);
  close(descriptor);
  if (!read_ok || record_crc(header, bytes->data, entry->about.size) != entry->crc)
    return fc_error_set(error, FC_EFORMAT, "%s/%s: the record at byte %lld is damaged", spool->path, name,
                        (long long)entry->offset);
  bytes->size = entry->about.size;
  return FC_OK;
}

void spool_mark_sent(spool_t *spool, int32_t index) {
  FC_ASSERT(index >= 0 && index < spool->n_entries);
  spool->entries[spool->first + index].about.sent = true;
}

void spool_unsend(spool_t *spool) {
  for (int32_t i = 0; i < spool->n_entries; ++i) spool->entries[spool->first + i].about.sent = false;
}

static bool is_covered(uint64_t sequence, uint64_t acknowledged, uint64_t selective) {
  if (sequence <= acknowledged) return true;
  const uint64_t beyond = sequence - acknowledged;
  return beyond >= 2 && beyond - 2 < 64 && (selective >> (beyond - 2) & 1u) != 0;
}

static void remove_empty_segments(spool_t *spool) {
  for (int32_t i = spool->n_segments - 1; i >= 0; --i)
    if (spool->segments[i].n_live == 0) segment_remove(spool, i);
}

void spool_discard(spool_t *spool, int32_t index) {
  FC_ASSERT(index >= 0 && index < spool->n_entries);
  entry_t *entry = &spool->entries[spool->first + index];
  if (entry->about.acked) return;
  segment_find(spool, entry->segment)->n_live -= 1;
  spool->dropped += 1;
  memmove(entry, entry + 1, (size_t)(spool->n_entries - index - 1) * sizeof *entry);
  spool->n_entries -= 1;
  pop_acked(spool);
  remove_empty_segments(spool);
}

int32_t spool_acknowledge(spool_t *spool, uint64_t epoch, uint64_t sequence, uint64_t selective) {
  int32_t removed = 0;
  for (int32_t i = 0; i < spool->n_entries; ++i) {
    entry_t *entry = &spool->entries[spool->first + i];
    if (entry->about.acked || entry->about.epoch != epoch || !is_covered(entry->about.sequence, sequence, selective))
      continue;
    entry->about.acked = true;
    segment_find(spool, entry->segment)->n_live -= 1;
    removed += 1;
  }
  pop_acked(spool);
  if (removed > 0) remove_empty_segments(spool);
  return removed;
}

uint64_t spool_first_sequence(const spool_t *spool, uint64_t epoch, uint64_t otherwise) {
  uint64_t lowest = otherwise;
  bool found = false;
  for (int32_t i = 0; i < spool->n_entries; ++i) {
    const spool_record_t *about = &spool->entries[spool->first + i].about;
    if (about->epoch != epoch || about->acked || (found && about->sequence >= lowest)) continue;
    lowest = about->sequence;
    found = true;
  }
  return lowest;
}

int64_t spool_bytes(const spool_t *spool) {
  return spool->bytes;
}
uint64_t spool_dropped(const spool_t *spool) {
  return spool->dropped;
}
int64_t spool_damaged_bytes(const spool_t *spool) {
  return spool->damaged_bytes;
}
