-- A night of a listing can be sold once: the primary key says so, whatever the application does.
CREATE TABLE bookings (
  id uuid PRIMARY KEY,
  listing text NOT NULL,
  guest text NOT NULL,
  arrives date NOT NULL,
  leaves date NOT NULL CHECK (leaves > arrives),
  idempotency_key text NOT NULL UNIQUE,
  region text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bookings_by_listing ON bookings (listing, arrives);

CREATE TABLE booked_nights (
  listing text NOT NULL,
  night date NOT NULL,
  booking uuid NOT NULL REFERENCES bookings,
  PRIMARY KEY (listing, night)
);

-- Messages leave the database here: written with what they tell of, sent afterwards, kept a while to be sent again.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  key text NOT NULL UNIQUE,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

-- What workers did, once per key. `deliveries` counts how often the queue asked.
CREATE TABLE effects (
  key text PRIMARY KEY,
  worker text NOT NULL,
  region text NOT NULL,
  deliveries integer NOT NULL DEFAULT 1,
  done_at timestamptz NOT NULL DEFAULT now()
);

-- How many bookings each listing's calendars were told of. A sum, so that an effect applied twice would show.
CREATE TABLE calendars (
  listing text PRIMARY KEY,
  bookings integer NOT NULL
);
