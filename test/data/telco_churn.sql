-- Makes table customer and loads the 7,043 telecom customers; run by psql in the project's root.
CREATE TABLE customer (
	customer_id       text PRIMARY KEY,
	gender            text NOT NULL,
	senior_citizen    smallint NOT NULL,
	partner           text NOT NULL,
	dependents        text NOT NULL,
	tenure            integer NOT NULL,
	phone_service     text NOT NULL,
	multiple_lines    text NOT NULL,
	internet_service  text NOT NULL,
	online_security   text NOT NULL,
	online_backup     text NOT NULL,
	device_protection text NOT NULL,
	tech_support      text NOT NULL,
	streaming_tv      text NOT NULL,
	streaming_movies  text NOT NULL,
	contract          text NOT NULL,
	paperless_billing text NOT NULL,
	payment_method    text NOT NULL,
	monthly_charges   numeric(8,2) NOT NULL,
	total_charges     numeric(10,2),
	churn             text NOT NULL
);
\copy customer FROM 'test/data/telco_churn.csv' WITH (FORMAT csv, HEADER)
ANALYZE customer;
