/*
 * test_calibrate.c: fits and losses against scikit-learn, what is chosen when, ranks, hard
 * data, and maps as bytes.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/calibrate.h"
#include "learn/metrics.h"
#include "num/rng.h"
#include "num/special.h"

#define MOST 6000
#define PARTS 5

extern void test_calibrate(void);

typedef struct Rows
{
	uint32_t n;
	double p[MOST];
	uint8_t labels[MOST];
	double weights[MOST];
	uint8_t parts[MOST];
	bool weighted;
} Rows;

static CpStatus
calibrate(CpContext *context, const Rows *rows, CpCalibration *calibration)
{
	return cp_calibrate(context, rows->p, rows->labels, rows->weighted ? rows->weights : NULL,
	                    rows->parts, PARTS, rows->n, calibration);
}

/* ---- against scikit-learn ---- */

#define SPOTS 7

typedef struct Reference
{
	double slope, intercept,
		wave; /* of the truth: log-odds z become slope z + intercept + wave sin 2 z */
	bool weighted;
	double losses[CP_CALIBRATION_KINDS];
	double fitted[3];    /* slope alone; slope and intercept */
	double lines[SPOTS]; /* isotonic at the spots */
} Reference;

static const double spots[SPOTS] = {0, 0.013, 0.2, 0.5, 0.77, 0.991, 1};

/*
 * LogisticRegression without penalty on Platt's targets, each row in both classes;
 * IsotonicRegression, each block with one row of the rate of all, and again. Losses: fitted
 * without a part and judged on it. test/data/make_blend_reference.py
 */
static const Reference references[] = {
	{0.6,
     0,
     0,
     false,
     {0.626633631876954, 0.598218298043146, 0.598317463995147, 0.601563682699819},
     {0.583056966424275, 0.583111894118198, -0.0210127985971773},
     {0.06403168044075, 0.125426088436485, 0.349108162969385, 0.47475116308314, 0.691872082842725,
      0.929850546448035, 0.96307923497265}},
	{0.7,
     0.5,
     0,
     false,
     {0.600486529970572, 0.581896822392636, 0.561721334674801, 0.563570169206634},
     {0.649010691761505, 0.67799032077224, 0.462550602277463},
     {0.0644214876033, 0.126317838030066, 0.430050021748597, 0.575427625938707, 0.804323055380213,
      0.962467213114765, 0.98024590163935}},
	{0.7,
     0.2,
     0.6,
     false,
     {0.584570183065642, 0.571063202066757, 0.568005373089346, 0.555591029115756},
     {0.69295490063729, 0.697606058551981, 0.180177764579067},
     {0.0435330578512, 0.0856123501218577, 0.293704715030399, 0.532933884297505, 0.807634134824911,
      0.961610655737775, 0.97979508196725}},
	{0.6,
     0,
     0,
     true,
     {0.6267571480121, 0.598603331700972, 0.598935436731929, 0.600738863845105},
     {0.583372766321772, 0.583377292558984, 0.006953369679207},
     {0.0609710680209, 0.119586126753149, 0.360551243720822, 0.460893866757463, 0.69898457818053,
      0.933069005510279, 0.96391860135325}},
	{0.7,
     0.5,
     0,
     true,
     {0.603554856210435, 0.584072962858663, 0.561884883501696, 0.563443218868654},
     {0.641646118560088, 0.673151888346194, 0.484848730293112},
     {0.0612976915974, 0.120449763238745, 0.440298099467707, 0.576608047496652, 0.83039755715148,
      0.963201333333325, 0.98063228070175}},
	{0.7,
     0.2,
     0.6,
     true,
     {0.585446922613256, 0.571786711894692, 0.56763839272505, 0.554917783179857},
     {0.691317896901146, 0.69766823965547, 0.210950424503129},
     {0.0352326254232, 0.0695935316267865, 0.30930255229761, 0.5200278617452, 0.823693552286776,
      0.96252311111106, 0.9802753216374}},
};

#define REFERENCES (sizeof(references) / sizeof(references[0]))

static void
make_reference_rows(const Reference *reference, Rows *rows)
{
	rows->n = 3000;
	rows->weighted = reference->weighted;
	for (uint32_t i = 0; i < rows->n; i++)
	{
		double z;

		rows->p[i] = (i * 7 % 50 + 0.5) / 50;
		z = log(rows->p[i] / (1 - rows->p[i]));
		z = reference->slope * z + reference->intercept + reference->wave * sin(2 * z);
		rows->labels[i] = (i * i * 17 + i * 5) % 3001 / 3001.0 < 1 / (1 + exp(-z));
		rows->weights[i] = 0.25 + i * 37 % 16 / 8.0;
		rows->parts[i] = i / 7 % PARTS;
	}
}

static void
check_sklearn(void)
{
	static const CpCalibrationKind kinds[REFERENCES] = {
		CP_CALIBRATION_TEMPERATURE, CP_CALIBRATION_PLATT, CP_CALIBRATION_ISOTONIC,
		CP_CALIBRATION_TEMPERATURE, CP_CALIBRATION_PLATT, CP_CALIBRATION_ISOTONIC};
	static Rows rows;

	for (size_t r = 0; r < REFERENCES; r++)
	{
		const Reference *reference = &references[r];
		CpCalibration calibration;

		make_reference_rows(reference, &rows);
		REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
		CHECK_EQUAL(kinds[r], calibration.kind);
		for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
			CHECK_CLOSE(reference->losses[kind], calibration.losses[kind], 1e-9);
		if (kinds[r] == CP_CALIBRATION_TEMPERATURE)
			CHECK_CLOSE(reference->fitted[0], calibration.slope, 1e-7);
		if (kinds[r] == CP_CALIBRATION_PLATT)
		{
			CHECK_CLOSE(reference->fitted[1], calibration.slope, 1e-7);
			CHECK_CLOSE(reference->fitted[2], calibration.intercept, 1e-7);
		}
		for (int s = 0; s < SPOTS && kinds[r] == CP_CALIBRATION_ISOTONIC; s++)
			CHECK_CLOSE(reference->lines[s], cp_calibrated(&calibration, spots[s]), 1e-12);
	}
}

/* ---- what is chosen ---- */

/* Probabilities are those of the log-odds z, labels follow warp(z). */
static void
make_rows(Rows *rows, uint64_t seed, uint32_t n, double (*warp)(double z))
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	rows->n = n;
	rows->weighted = false;
	for (uint32_t i = 0; i < n; i++)
	{
		double z = -1.2 + 1.4 * cp_rng_normal(&rng);

		rows->p[i] = cp_sigmoid(z);
		rows->labels[i] = cp_rng_uniform(&rng) < cp_sigmoid(warp(z));
		rows->parts[i] = i % PARTS;
		rows->weights[i] = (double) cp_rng_below(&rng, 4);
	}
}

static double
as_it_is(double z)
{
	return z;
}

static double
too_sure(double z)
{
	return z / 1.6;
}

static double
too_low(double z)
{
	return 0.8 * z + 0.7;
}

static double
in_steps(double z)
{
	return z < -1 ? -3 : 0.5;
}

static double
backwards(double z)
{
	return -z - 2;
}

/* Log-loss to be expected, for probabilities all over. */
static double
expected_loss(const CpCalibration *calibration, double (*warp)(double z))
{
	double loss = 0, all = 0;

	for (double z = -6; z < 4; z += 0.01)
	{
		double density = cp_exp(-(z + 1.2) * (z + 1.2) / (2 * 1.4 * 1.4));
		double truth = cp_sigmoid(warp(z));
		double p = cp_calibrated(calibration, cp_sigmoid(z));

		loss += density * (truth * cp_log_loss_of(p, 1) + (1 - truth) * cp_log_loss_of(p, 0));
		all += density;
	}
	return loss / all;
}

static void
check_choice(void)
{
	static const struct
	{
		double (*warp)(double z);
		CpCalibrationKind kind;
	} cases[] = {{too_sure, CP_CALIBRATION_TEMPERATURE},
	             {too_low, CP_CALIBRATION_PLATT},
	             {in_steps, CP_CALIBRATION_ISOTONIC}};
	static const CpCalibration none;
	static Rows rows;

	for (size_t c = 0; c < 3; c++)
		for (uint64_t seed = 1; seed <= 4; seed++)
		{
			CpCalibration calibration;

			make_rows(&rows, seed, 4000, cases[c].warp);
			REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
			CHECK_EQUAL(cases[c].kind, calibration.kind);
			CHECK(calibration.losses[calibration.kind] < calibration.losses[0] - 0.005);
			CHECK(expected_loss(&calibration, cases[c].warp) <
			      expected_loss(&none, cases[c].warp) - 0.005);
		}
}

/* What is right already stays as it is nearly always, and the exceptions cost nearly nothing. */
static void
check_no_harm(void)
{
	static const CpCalibration none;
	static Rows rows;
	uint32_t changed = 0;
	double harm = 0;

	for (uint64_t seed = 1; seed <= 50; seed++)
	{
		CpCalibration calibration;

		make_rows(&rows, seed, 2000, as_it_is);
		REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
		changed += calibration.kind != CP_CALIBRATION_NONE;
		harm += expected_loss(&calibration, as_it_is) - expected_loss(&none, as_it_is);
	}
	CHECK(changed <= 2);
	CHECK(harm / 50 < 1e-4);
}

/* ---- the map ---- */

/* Strictly ascending within (0, 1), at the knots' neighbours too, up to rounding. */
static void
check_monotone(const CpCalibration *calibration)
{
	double last = cp_calibrated(calibration, 0);

	CHECK(last > 0 && cp_calibrated(calibration, 1) < 1);
	for (int i = 1; i <= 20000; i++)
	{
		double out = cp_calibrated(calibration, i / 20000.0);

		CHECK(out > last);
		last = out;
	}
	for (uint32_t k = 1; k + 1 < calibration->knots; k++)
	{
		double at = calibration->from[k];

		CHECK(cp_calibrated(calibration, at) == calibration->to[k]);
		CHECK(cp_calibrated(calibration, nextafter(at, 0)) <= calibration->to[k]);
		CHECK(cp_calibrated(calibration, nextafter(at, 1)) >= calibration->to[k]);
	}
	CHECK(cp_calibrated(calibration, -INFINITY) == cp_calibrated(calibration, 0));
	CHECK(cp_calibrated(calibration, 1e300) == cp_calibrated(calibration, 1));
	CHECK(cp_calibrated(calibration, NAN) == cp_calibrated(calibration, 0));
}

static void
check_ranks(void)
{
	static double (*const warps[])(double z) = {too_sure, too_low, in_steps};
	static Rows rows;

	for (size_t w = 0; w < 3; w++)
	{
		CpCalibration calibration;

		make_rows(&rows, 9, MOST, warps[w]);
		REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
		CHECK(calibration.kind == (CpCalibrationKind) w + 1);
		check_monotone(&calibration);
	}
	/* Blocks without a churner or without a stayer, and as many as there may be. */
	for (uint32_t i = 0; i < MOST; i++)
	{
		rows.p[i] = (i + 0.5) / MOST;
		rows.labels[i] = rows.p[i] < 0.4 ? 0 : rows.p[i] > 0.6 || i % 2 == 0;
	}
	{
		CpCalibration calibration;

		REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
		CHECK(calibration.kind == CP_CALIBRATION_ISOTONIC);
		CHECK(calibration.knots >= 5 && calibration.knots <= CP_CALIBRATION_KNOTS);
		check_monotone(&calibration);
	}
}

static void
check_names(void)
{
	CHECK_STRING("none", cp_calibration_name(CP_CALIBRATION_NONE));
	CHECK_STRING("temperature", cp_calibration_name(CP_CALIBRATION_TEMPERATURE));
	CHECK_STRING("platt", cp_calibration_name(CP_CALIBRATION_PLATT));
	CHECK_STRING("isotonic", cp_calibration_name(CP_CALIBRATION_ISOTONIC));
	CHECK(cp_calibration_name(CP_CALIBRATION_KINDS) == NULL);
	CHECK(cp_calibration_name((CpCalibrationKind) -1) == NULL);
}

/* ---- hard data ---- */

static void
check_finite(const CpCalibration *calibration)
{
	for (int i = -1; i <= 10; i++)
	{
		double out = cp_calibrated(calibration, i < 0 ? 1e-300 : i / 10.0);

		CHECK(out >= 0 && out <= 1);
	}
}

static void
check_none(const Rows *rows)
{
	CpCalibration calibration;

	REQUIRE_OK(calibrate(unit_context(), rows, &calibration));
	CHECK_EQUAL(CP_CALIBRATION_NONE, calibration.kind);
	CHECK(cp_calibrated(&calibration, 0.123) == 0.123);
	CHECK_EQUAL(0, unit_live_blocks());
}

static void
check_too_little(void)
{
	static const double bad[] = {0, 1e200, 1e308, NAN, INFINITY};
	static Rows rows;
	CpCalibration calibration;

	make_rows(&rows, 1, 10, too_low);
	check_none(&rows);
	rows.n = 0;
	check_none(&rows);
	/* one class */
	make_rows(&rows, 1, 2000, too_low);
	memset(rows.labels, 1, sizeof(rows.labels));
	check_none(&rows);
	/* one part */
	make_rows(&rows, 1, 2000, too_low);
	REQUIRE_OK(cp_calibrate(unit_context(), rows.p, rows.labels, NULL, rows.parts, 1, rows.n,
	                        &calibration));
	CHECK(calibration.kind == CP_CALIBRATION_NONE && isnan(calibration.losses[0]));
	/* one row that outweighs the others, weights that overflow */
	rows.weighted = true;
	rows.weights[0] = 1e100;
	check_none(&rows);
	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++)
	{
		for (uint32_t i = 0; i < rows.n; i++)
			rows.weights[i] = bad[b];
		check_none(&rows);
	}
	/* large, but not too large */
	for (uint32_t i = 0; i < rows.n; i++)
		rows.weights[i] = 1e100;
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	check_finite(&calibration);
	CHECK_EQUAL(CP_CALIBRATION_PLATT, calibration.kind);
	for (uint32_t i = 0; i < rows.n; i++)
		rows.p[i] = 0.2 + 0.6 * rows.labels[i] + 1e-5 * i;
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	CHECK(isnan(calibration.losses[CP_CALIBRATION_ISOTONIC]));
	check_finite(&calibration);
}

static void
check_hard(void)
{
	static Rows rows;
	CpCalibration calibration;

	/* a slope below zero is no calibration */
	make_rows(&rows, 1, 800, backwards);
	check_none(&rows);
	/* separable, with certainty and without */
	for (int certain = 0; certain < 2; certain++)
		for (uint32_t n = 100; n <= 3000; n *= 5)
		{
			make_rows(&rows, 2, n, as_it_is);
			for (uint32_t i = 0; i < n; i++)
				rows.p[i] = certain ? rows.labels[i] : 0.2 + 0.6 * rows.labels[i] + 1e-5 * i;
			REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
			check_finite(&calibration);
		}
	/* one value, certain and wrong, no probability at all */
	for (int round = 0; round < 3; round++)
	{
		make_rows(&rows, 3, 3000, as_it_is);
		for (uint32_t i = 0; i < rows.n; i++)
			rows.p[i] = round == 0 ? 0.4 : round == 1 ? 1 - rows.labels[i] : i % 2 ? NAN : 1e300;
		REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
		check_finite(&calibration);
	}
	/* a half for all: the rate of all is learned */
	make_rows(&rows, 3, 3000, too_low);
	for (uint32_t i = 0; i < rows.n; i++)
	{
		rows.labels[i] = i % 4 == 0;
		rows.p[i] = 0.5;
	}
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	CHECK_EQUAL(CP_CALIBRATION_PLATT, calibration.kind);
	CHECK_CLOSE(0.25, cp_calibrated(&calibration, 0.5), 0.001);
	/* a class that only one part has */
	make_rows(&rows, 4, 3000, too_low);
	for (uint32_t i = 0; i < rows.n; i++)
		rows.parts[i] = rows.labels[i] ? 0 : i % PARTS;
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	CHECK(calibration.kind == CP_CALIBRATION_NONE && isnan(calibration.losses[2]));
	CHECK(isfinite(calibration.losses[0]));
}

/* Few rows leave isotonic out. */
static void
check_isotonic_rows(void)
{
	static Rows rows;
	CpCalibration calibration;

	make_rows(&rows, 1, 1000, in_steps);
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	CHECK(isnan(calibration.losses[CP_CALIBRATION_ISOTONIC]));
	CHECK(calibration.kind != CP_CALIBRATION_ISOTONIC);
	make_rows(&rows, 1, 1300, in_steps);
	REQUIRE_OK(calibrate(unit_context(), &rows, &calibration));
	CHECK(isfinite(calibration.losses[CP_CALIBRATION_ISOTONIC]));
}

static void
check_weights(void)
{
	static double (*const warps[])(double z) = {too_sure, too_low, in_steps};
	static Rows weighted, repeated;

	for (size_t w = 0; w < 3; w++)
	{
		CpCalibration a, b;

		make_rows(&weighted, 5, 3500, warps[w]);
		weighted.weighted = true;
		repeated.n = 0;
		for (uint32_t i = 0; i < weighted.n; i++)
			for (uint32_t k = 0; k < weighted.weights[i]; k++)
			{
				repeated.p[repeated.n] = weighted.p[i];
				repeated.labels[repeated.n] = weighted.labels[i];
				repeated.parts[repeated.n++] = weighted.parts[i];
				REQUIRE(repeated.n < MOST);
			}
		REQUIRE_OK(calibrate(unit_context(), &weighted, &a));
		REQUIRE_OK(calibrate(unit_context(), &repeated, &b));
		CHECK_EQUAL(w + 1, a.kind);
		CHECK_EQUAL(a.kind, b.kind);
		for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
			CHECK_CLOSE(b.losses[kind], a.losses[kind], 1e-9);
		for (double p = 0; p <= 1; p += 0.05)
			CHECK_CLOSE(cp_calibrated(&b, p), cp_calibrated(&a, p), 1e-7);
	}
}

/* ---- memory and cancel ---- */

static void
check_failures(void)
{
	static Rows rows;
	CpCalibration first, calibration;
	CpStatus status = CP_NO_MEMORY;
	CpContext *context = unit_context();
	size_t used;

	make_rows(&rows, 5, 2000, in_steps);
	REQUIRE_OK(calibrate(context, &rows, &first));
	CHECK_EQUAL(0, unit_live_blocks());
	CHECK_EQUAL(CP_CALIBRATION_ISOTONIC, first.kind);
	CHECK(unit_polls() < 90); /* a pass over the rows each: few Newton steps */
	used = context->peak;
	CHECK(used < rows.n * 40 + 1000);

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		status = calibrate(context, &rows, &calibration);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 20);
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		context = unit_context();
		unit_cancel_after(polls);
		status = calibrate(context, &rows, &calibration);
		if (status != CP_OK)
			CHECK_STATUS(CP_CANCELLED, status);
		CHECK(status == CP_OK || unit_polls() == polls + 1); /* it stops at once */
		REQUIRE(polls < 400);
	}
	CHECK(memcmp(&first, &calibration, sizeof(first)) == 0);
	context = unit_context();
	context->budget = used - 1;
	CHECK_STATUS(CP_OVER_BUDGET, calibrate(context, &rows, &calibration));
}

/* ---- bytes ---- */

static CpStatus
write_bytes(CpContext *context, const CpCalibration *calibration, CpWriter *writer)
{
	cp_writer_begin(writer, context, "calibra", 1);
	cp_calibration_write(calibration, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_bytes(CpContext *context, const CpWriter *writer, CpCalibration *calibration)
{
	CpReader reader;

	CP_TRY(cp_reader_open(&reader, context, writer->bytes, writer->length, "calibra", 1));
	CP_TRY(cp_calibration_read(calibration, &reader));
	return cp_reader_close(&reader);
}

/* One of each kind, as a fit would leave it. */
static void
make_calibrations(CpCalibration calibrations[CP_CALIBRATION_KINDS])
{
	static const double from[] = {0, 0.2, 0.6, 1};
	static const double to[] = {0.05, 0.1, 0.8, 0.9};

	memset(calibrations, 0, CP_CALIBRATION_KINDS * sizeof(CpCalibration));
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
	{
		calibrations[kind].kind = (CpCalibrationKind) kind;
		for (int other = 0; other < CP_CALIBRATION_KINDS; other++)
			calibrations[kind].losses[other] = other == 3 ? NAN : 0.4 + other;
	}
	calibrations[CP_CALIBRATION_TEMPERATURE].slope = 1.25;
	calibrations[CP_CALIBRATION_PLATT].slope = 0.75;
	calibrations[CP_CALIBRATION_PLATT].intercept = -0.5;
	calibrations[CP_CALIBRATION_ISOTONIC].knots = 4;
	memcpy(calibrations[CP_CALIBRATION_ISOTONIC].from, from, sizeof(from));
	memcpy(calibrations[CP_CALIBRATION_ISOTONIC].to, to, sizeof(to));
}

static void
check_bytes(void)
{
	CpContext *context = unit_context();
	CpCalibration calibrations[CP_CALIBRATION_KINDS];

	make_calibrations(calibrations);
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
	{
		CpCalibration again;
		CpWriter first, second;

		REQUIRE_OK(write_bytes(context, &calibrations[kind], &first));
		REQUIRE_OK(read_bytes(context, &first, &again));
		CHECK_EQUAL(kind, again.kind);
		for (int i = 0; i <= 100; i++)
			CHECK(cp_calibrated(&again, i / 100.0) ==
			      cp_calibrated(&calibrations[kind], i / 100.0));
		REQUIRE_OK(write_bytes(context, &again, &second));
		CHECK(first.length == second.length &&
		      memcmp(first.bytes, second.bytes, first.length) == 0);
	}
	/* from the header's text: the odds of sigmoid(z / T), and half way between two knots */
	CHECK_CLOSE(cp_sigmoid(1.25 * cp_logit(0.2)), cp_calibrated(&calibrations[1], 0.2), 1e-15);
	CHECK_CLOSE(cp_sigmoid(0.75 * cp_logit(0.9) - 0.5), cp_calibrated(&calibrations[2], 0.9),
	            1e-15);
	CHECK_CLOSE(0.45, cp_calibrated(&calibrations[3], 0.4), 1e-15);
	CHECK_CLOSE(0.075, cp_calibrated(&calibrations[3], 0.1), 1e-15);
}

/* The bytes of what no fit leaves are refused, and the kind is none then. */
static void
check_refused(const CpCalibration *bad, int line)
{
	CpContext *context = unit_context();
	CpCalibration read;
	CpWriter writer;

	REQUIRE_OK(write_bytes(context, bad, &writer));
	unit_check_status(CP_CORRUPT, read_bytes(context, &writer, &read), "hostile bytes", __FILE__,
	                  line);
	CHECK(read.kind == CP_CALIBRATION_NONE && read.knots == 0);
}

static void
check_hostile(void)
{
	CpCalibration good[CP_CALIBRATION_KINDS], bad;

	make_calibrations(good);
#define REFUSED(of, field, value) \
	do \
	{ \
		bad = good[of]; \
		bad.field = (value); \
		check_refused(&bad, __LINE__); \
	} while (0)
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
	{
		REFUSED(kind, kind, CP_CALIBRATION_KINDS);
		REFUSED(kind, kind, (CpCalibrationKind) 255);
		REFUSED(kind, slope, NAN);
		REFUSED(kind, slope, -1);
		REFUSED(kind, slope, CP_CALIBRATION_SLOPE * 1.01);
		REFUSED(kind, slope, 0.99 / CP_CALIBRATION_SLOPE);
		REFUSED(kind, intercept, NAN);
		REFUSED(kind, intercept, INFINITY);
		REFUSED(kind, intercept, -38);
		REFUSED(kind, losses[0], -0.1);
		REFUSED(kind, losses[2], INFINITY);
		REFUSED(kind, knots, 3);
	}
	REFUSED(0, slope, 1);
	REFUSED(1, slope, 0);
	REFUSED(3, intercept, 1);
	REFUSED(3, knots, 0);
	REFUSED(3, knots, 1);
	REFUSED(3, from[0], 0.1);
	REFUSED(3, from[3], 0.9);
	REFUSED(3, from[1], 0);
	REFUSED(3, from[1], 0.6);
	REFUSED(3, from[2], NAN);
	REFUSED(3, to[0], 0);
	REFUSED(3, to[0], NAN);
	REFUSED(3, to[1], 0.05);
	REFUSED(3, to[2], NAN);
	REFUSED(3, to[3], 1);
	REFUSED(3, to[3], NAN);
#undef REFUSED
}

/* A count beyond the knots, or beyond the bytes, and every stream that ends too early. */
static void
check_short(void)
{
	CpContext *context = unit_context();
	CpCalibration good[CP_CALIBRATION_KINDS], read;
	CpReader reader;
	CpWriter writer;

	make_calibrations(good);
	REQUIRE_OK(write_bytes(context, &good[CP_CALIBRATION_ISOTONIC], &writer));
	REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, "calibra", 1));
	for (size_t length = reader.length; length-- > 0;)
	{
		CpReader cut = reader;

		cut.length = length;
		CHECK_STATUS(CP_CORRUPT, cp_calibration_read(&read, &cut));
	}
	for (uint32_t forged = CP_CALIBRATION_KNOTS + 1; forged != 0;
	     forged = forged == UINT32_MAX ? 0 : UINT32_MAX)
	{
		cp_writer_begin(&writer, context, "calibra", 1);
		cp_write_u8(&writer, CP_CALIBRATION_ISOTONIC);
		for (int i = 0; i < 2 + CP_CALIBRATION_KINDS; i++)
			cp_write_f64(&writer, 0);
		cp_write_u32(&writer, forged);
		for (int k = 0; k < CP_CALIBRATION_KNOTS + 1; k++)
		{
			cp_write_f64(&writer, k / (double) CP_CALIBRATION_KNOTS);
			cp_write_f64(&writer, (k + 1) / 100.0);
		}
		REQUIRE_OK(cp_writer_finish(&writer));
		CHECK_STATUS(CP_CORRUPT, read_bytes(context, &writer, &read));
	}
}

void
test_calibrate(void)
{
	UNIT_CASE("fits and cross-fitted losses are scikit-learn's", check_sklearn);
	UNIT_CASE("the kind that is needed is chosen", check_choice);
	UNIT_CASE("what is calibrated stays", check_no_harm);
	UNIT_CASE("ranks survive", check_ranks);
	UNIT_CASE("names", check_names);
	UNIT_CASE("too few rows, one class, one part, useless weights", check_too_little);
	UNIT_CASE("backwards, separable, constant and impossible", check_hard);
	UNIT_CASE("isotonic needs rows", check_isotonic_rows);
	UNIT_CASE("weights stand for repeated rows", check_weights);
	UNIT_CASE("allocations that fail, cancels and a budget", check_failures);
	UNIT_CASE("bytes read back to the same map", check_bytes);
	UNIT_CASE("hostile bytes", check_hostile);
	UNIT_CASE("bytes that end too early or say too much", check_short);
}
