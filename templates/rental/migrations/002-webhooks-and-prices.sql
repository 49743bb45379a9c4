CREATE TABLE webhooks (
  channel text NOT NULL,
  event_id text NOT NULL,
  payload jsonb NOT NULL,
  region text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  processed_at timestamptz,
  PRIMARY KEY (channel, event_id)
);

CREATE TABLE channels (
  channel text PRIMARY KEY,
  events bigint NOT NULL
);

-- Updates may arrive in any order: the highest version wins.
CREATE SEQUENCE price_versions;
CREATE TABLE prices (
  listing text PRIMARY KEY,
  nightly_cents integer NOT NULL CHECK (nightly_cents > 0),
  version bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
