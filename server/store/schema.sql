-- schema.sql - the single source of faasconf.db, version 1 (PRAGMA user_version). Units are in the column names.
-- Later versions are steps in store_schema.c; this file then describes the newest.

CREATE TABLE workflows (
  digest        BLOB    NOT NULL PRIMARY KEY,  -- SHA-256 of the content (fc_workflow_t.digest)
  name          TEXT    NOT NULL,
  text          BLOB    NOT NULL,              -- the file as registered
  registered_us INTEGER NOT NULL               -- last time; the newest of a name is the one in use
) STRICT;

-- One row per transition. The scalar columns are for people and queries; `transition` is the whole of it, raw metrics of
-- every function included, as a protobuf message faasconf.v1.Transition (docs/protocol.md).
CREATE TABLE windows (
  id                 INTEGER NOT NULL PRIMARY KEY,
  workflow           TEXT    NOT NULL,
  agent              TEXT    NOT NULL,
  epoch              INTEGER NOT NULL,
  sequence           INTEGER NOT NULL,
  imported           INTEGER NOT NULL,      -- 1: from a file, identified by row_digest
  row_digest         BLOB    NOT NULL,      -- SHA-256 of the canonical row, or of agent/epoch/sequence
  heldout            INTEGER NOT NULL,      -- 1: first 8 bytes of row_digest (little-endian) mod 5 = 0
  flags              INTEGER NOT NULL,      -- FC_TRANSITION_*
  policy_version     INTEGER NOT NULL,
  window             INTEGER NOT NULL,
  start_us           INTEGER NOT NULL,
  duration_s         REAL    NOT NULL,
  cost_usd_h         REAL    NOT NULL,
  arrival_rate_per_s REAL,
  mean_in_flight     REAL,
  latency_mean_s     REAL,
  latency_p95_s      REAL,
  successes          INTEGER,
  failures           INTEGER,
  unfinished         INTEGER,
  rejected           INTEGER,
  transition         BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX windows_identity ON windows (agent, epoch, sequence) WHERE imported = 0;
CREATE UNIQUE INDEX windows_row ON windows (workflow, row_digest) WHERE imported = 1;
CREATE INDEX windows_workflow ON windows (workflow, id);

CREATE TABLE policies (
  workflow      TEXT    NOT NULL,
  version       INTEGER NOT NULL,
  kind          TEXT    NOT NULL,
  variant       TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('candidate', 'shadow', 'canary', 'live', 'retired')),
  digest        BLOB    NOT NULL,           -- fc_policy_digest
  created_us    INTEGER NOT NULL,
  updates       INTEGER NOT NULL,
  heldout_r2    REAL,
  heldout_error REAL,
  manifest      BLOB    NOT NULL,
  weights       BLOB    NOT NULL,
  PRIMARY KEY (workflow, version)
) STRICT;
CREATE UNIQUE INDEX policies_live ON policies (workflow) WHERE state = 'live';

-- The newest records of each workflow; `safe` holds n_safe x n_functions x (millicores, MiB, replicas, concurrency) as
-- little-endian int32, `safe_cost_usd_h` n_safe little-endian float64.
CREATE TABLE safety_records (
  workflow        TEXT    NOT NULL,
  position        INTEGER NOT NULL,
  version         INTEGER NOT NULL,
  mean_in_flight  REAL    NOT NULL,
  lb_usd_h        REAL    NOT NULL,
  ub_usd_h        REAL    NOT NULL,
  n_rows          INTEGER NOT NULL,
  n_functions     INTEGER NOT NULL,
  n_safe          INTEGER NOT NULL,
  safe            BLOB    NOT NULL,
  safe_cost_usd_h BLOB    NOT NULL,
  PRIMARY KEY (workflow, position)
) STRICT;

CREATE TABLE safety_versions (
  workflow TEXT    NOT NULL PRIMARY KEY,
  version  INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
  id    INTEGER NOT NULL PRIMARY KEY,
  at_us INTEGER NOT NULL,
  kind  TEXT    NOT NULL,
  text  TEXT    NOT NULL
) STRICT;
