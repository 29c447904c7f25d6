-- Makes table gym_member and loads the 1,200 gym members; run by psql in the project's root.
CREATE TABLE gym_member (
	member_id        integer PRIMARY KEY,
	joined           date NOT NULL,
	last_visit       timestamptz,
	plan             text NOT NULL,
	home_club        text NOT NULL,
	auto_renew       boolean NOT NULL,
	monthly_fee      numeric(8,2) NOT NULL,
	visits_per_month double precision NOT NULL,
	age              integer,
	left_club        boolean NOT NULL
);
\copy gym_member FROM 'test/data/gym_members.csv' WITH (FORMAT csv, HEADER)
ANALYZE gym_member;
