-- Everything that facerec keeps in a database, made once, in one transaction. Several galleries share these tables,
-- and row-level security keeps them apart: a transaction sees the gallery that it named, and none if it named none.
CREATE SCHEMA IF NOT EXISTS facerec;

CREATE TABLE facerec.version (version integer NOT NULL);
INSERT INTO facerec.version VALUES (1);

-- The head of a gallery. Whoever writes locks its row first, and takes the numbers of all new rows from it, so that
-- numbers become visible in their order; those of a sequence do not.
CREATE TABLE facerec.galleries (
  gallery integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  embedder text NOT NULL,
  digest text NOT NULL,
  dimension integer NOT NULL CHECK (dimension > 0),
  deletions bigint NOT NULL DEFAULT 0,
  erased bigint NOT NULL DEFAULT 0,
  key_id text,
  sealed integer NOT NULL DEFAULT 0,
  last_people bigint NOT NULL DEFAULT 0,
  last_samples bigint NOT NULL DEFAULT 0,
  last_photos bigint NOT NULL DEFAULT 0,
  last_log bigint NOT NULL DEFAULT 0,
  last_log_sources bigint NOT NULL DEFAULT 0,
  last_changes bigint NOT NULL DEFAULT 0,
  last_requests bigint NOT NULL DEFAULT 0
);

CREATE TABLE facerec.people (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  id bytea NOT NULL,
  name text COLLATE "C" NOT NULL,
  consent text COLLATE "C",
  purpose text COLLATE "C",
  expires text COLLATE "C",
  created text NOT NULL,
  skeleton text COLLATE "C" NOT NULL,
  salt bytea,
  PRIMARY KEY (gallery, number)
) PARTITION BY HASH (number);
CREATE INDEX people_by_name ON facerec.people (gallery, name);
CREATE INDEX people_by_id ON facerec.people (gallery, id);
CREATE INDEX people_by_skeleton ON facerec.people (gallery, skeleton);

CREATE TABLE facerec.samples (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  person bigint NOT NULL,
  vector bytea NOT NULL,
  source text COLLATE "C" NOT NULL,
  x1 double precision NOT NULL,
  y1 double precision NOT NULL,
  x2 double precision NOT NULL,
  y2 double precision NOT NULL,
  score double precision NOT NULL,
  enrolled text NOT NULL,
  photo_sha256 bytea,
  kept integer NOT NULL,
  matcher text,
  salt bytea,
  seal bytea,
  PRIMARY KEY (gallery, number, person)
) PARTITION BY HASH (person);
CREATE INDEX samples_by_person ON facerec.samples (gallery, person, number);

CREATE TABLE facerec.photos (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (gallery, number)
) PARTITION BY HASH (number);

CREATE TABLE facerec.log (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  time text NOT NULL,
  event text NOT NULL,
  person_id bytea,
  details text NOT NULL,
  digest bytea NOT NULL,
  contents bytea,
  source_digest bytea,
  PRIMARY KEY (gallery, number)
);
CREATE INDEX log_by_person ON facerec.log (gallery, person_id, number);

CREATE TABLE facerec.log_sources (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  person_id bytea NOT NULL,
  source text COLLATE "C" NOT NULL,
  salt bytea,
  PRIMARY KEY (gallery, number, person_id)
) PARTITION BY HASH (person_id);
CREATE INDEX log_sources_by_person ON facerec.log_sources (gallery, person_id, number);

CREATE TABLE facerec.changes (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  person bigint NOT NULL,
  PRIMARY KEY (gallery, number)
);

CREATE TABLE facerec.requests (
  gallery integer NOT NULL,
  number bigint NOT NULL,
  key bytea NOT NULL,
  person bigint NOT NULL,
  entry bigint NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (gallery, number),
  UNIQUE (gallery, key)
);
CREATE INDEX requests_by_person ON facerec.requests (gallery, person);

-- Which tables hold bytes of rows that were deleted or replaced, and are to be written anew (erasure.py).
CREATE TABLE facerec.stale (
  gallery integer NOT NULL,
  part text NOT NULL,
  PRIMARY KEY (gallery, part)
);

-- Partitions are what is written anew when somebody is forgotten; the smaller, the sooner.
DO $$
DECLARE
  parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['people', 'samples', 'photos', 'log_sources'] LOOP
    FOR part IN 0..15 LOOP
      EXECUTE format('CREATE TABLE facerec.%I PARTITION OF facerec.%I FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
        parent || '_' || part, parent, part);
    END LOOP;
  END LOOP;
END $$;

CREATE FUNCTION facerec.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only';
END $$;
CREATE TRIGGER log_is_never_changed BEFORE UPDATE OR DELETE ON facerec.log
  FOR EACH ROW EXECUTE FUNCTION facerec.refuse();
CREATE TRIGGER log_is_never_emptied BEFORE TRUNCATE ON facerec.log
  FOR EACH STATEMENT EXECUTE FUNCTION facerec.refuse();

-- Without the first, a partition that is named itself would be open. Without the second, ANALYZE would copy names and
-- vectors into pg_statistic, where no VACUUM of these tables erases them.
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'facerec'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'version'
  LOOP
    EXECUTE format('ALTER TABLE facerec.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', each.relname);
    EXECUTE format('CREATE POLICY named_gallery ON facerec.%I USING (%s)', each.relname,
      CASE each.relname WHEN 'galleries' THEN 'name = current_setting(''facerec.gallery'', true)'
      ELSE 'gallery = nullif(current_setting(''facerec.number'', true), '''')::integer' END);
  END LOOP;
  FOR each IN
    SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = 'facerec'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
      AND relname NOT IN ('version', 'galleries', 'stale')
      AND attname NOT IN ('gallery', 'number', 'person', 'kept', 'event')
  LOOP
    EXECUTE format('ALTER TABLE ONLY facerec.%I ALTER COLUMN %I SET STATISTICS 0', each.relname, each.attname);
  END LOOP;
END $$;
