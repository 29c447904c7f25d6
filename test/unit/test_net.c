/*
 * test_net.c: a network's passes and steps against numpy, its gradients against
 * differences, and what dropout, bytes and memory do.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/net.h"

#define MOST_UNITS 64

extern void test_net(void);

/* ---- against numpy ---- */

static const CpNetShape small = {2, {2, 3, 1}, true};

static const float small_parameters[] = {0.5f, -0.4f, 0.3f,  -0.2f, 0.6f,  0.1f,  0.05f, -0.1f,
                                         0.2f, 0.7f,  -0.3f, 0.2f,  0.15f, 0.25f, -0.35f};

static const float small_inputs[] = {1, 2, -0.5f, 1.5f, 0.75f, -1};

/*
 * Three rows, gradients by the outputs given; then AdamW's two steps at rate 0.1 and decay
 * 0.05. By the textbook's formulas in numpy 1.24.2, double precision.
 */
static void
check_numpy(void)
{
	static const double outputs[2][3] = {{-0.265, -0.76, 1.19},
	                                     {-1.106101714, -1.173707476, 0.959862571}};
	static const double first_gradients[] = {0.415625, -0.1875,  0.14375, 0.6125,  -0.1875,
	                                         0.1,      0.4375,   -0.075,  0.075,   0.153125,
	                                         0.1,      0.340625, 0.375,   0.71875, 0.5};
	static const double stepped[] = {
		0.3191779363937971,     -0.1967616829184976,  0.10731401598832659, -0.355022520880598,
		0.7932633170815024,     -0.09986896176590558, -0.1285592448933111, 0.10024580233455453,
		-0.0005406964273929199, 0.5019895900029361,   -0.4905020965220148, 0.004543643447713019,
		-0.05099624467999963,   0.048006252775652694, -0.5460087460099995};
	static const float by_outputs[] = {0.5f, -0.25f, 0.125f};
	CpContext *context = unit_context();
	float gradients[15];
	CpNet net;
	CpNetPass pass;
	CpAdam adam;

	REQUIRE_OK(cp_net_init(&net, context, &small, NULL));
	CHECK_EQUAL(15, net.count);
	memcpy(net.parameters, small_parameters, sizeof(small_parameters));
	REQUIRE_OK(cp_net_pass_init(&pass, context, &small, 3));
	REQUIRE_OK(cp_adam_init(&adam, context, net.count));
	for (int step = 0; step < 2; step++)
	{
		const float *out = cp_net_forward(&net, &pass, small_inputs, 3, 0, NULL);

		for (int row = 0; row < 3; row++)
			CHECK_CLOSE(outputs[step][row], out[row], 2e-6);
		memcpy(pass.gradients[1], by_outputs, sizeof(by_outputs));
		cp_net_backward(&net, &pass, small_inputs, 3, gradients);
		for (int i = 0; i < 15 && step == 0; i++)
			CHECK_CLOSE(first_gradients[i], gradients[i], 1e-6);
		cp_adam_step(&adam, gradients, net.count, 0.1, 0.05, net.parameters);
	}
	for (int i = 0; i < 15; i++)
		CHECK_CLOSE(stepped[i], net.parameters[i], 2e-6);
}

/* ---- against differences ---- */

static const CpNetShape shapes[] = {
	{1, {3, 2}, false},       {1, {3, 2}, true},       {2, {4, 5, 1}, true},
	{3, {3, 6, 4, 2}, false}, {3, {3, 6, 4, 2}, true}, {4, {2, 5, 4, 3, 3}, true},
	{2, {0, 4, 2}, true},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* A sum of the outputs, each by its own factor; dropout draws the same at every call. */
static double
loss_of(const CpNet *net, CpNetPass *pass, const float *inputs, uint32_t rows, double dropout)
{
	CpRng rng;
	const float *out;
	double loss = 0;

	cp_rng_init(&rng, 8, 0);
	out = cp_net_forward(net, pass, inputs, rows, dropout, &rng);
	for (uint32_t i = 0; i < rows * net->shape.sizes[net->shape.layers]; i++)
		loss += (i % 3 - 0.7) * out[i];
	return loss;
}

/* Outputs are linear in each parameter but for kinks, which so small a step seldom meets. */
static void
check_shape(const CpNetShape *shape, double dropout)
{
	CpContext *context = unit_context();
	float inputs[5 * 4], gradients[200];
	uint32_t last = shape->layers - 1, kinks = 0;
	CpRng rng;
	CpNet net;
	CpNetPass pass;

	cp_rng_init(&rng, 3, 0);
	REQUIRE_OK(cp_net_init(&net, context, shape, &rng));
	REQUIRE(net.count <= 200);
	for (size_t i = 0; i < net.count; i++)
		net.parameters[i] += (float) (0.5 * cp_rng_normal(&rng));
	for (int i = 0; i < 20; i++)
		inputs[i] = (float) cp_rng_normal(&rng);
	REQUIRE_OK(cp_net_pass_init(&pass, context, shape, 5));
	loss_of(&net, &pass, inputs, 5, dropout);
	for (uint32_t i = 0; i < 5 * shape->sizes[shape->layers]; i++)
		pass.gradients[last][i] = (float) (i % 3 - 0.7);
	cp_net_backward(&net, &pass, inputs, 5, gradients);
	for (size_t i = 0; i < net.count; i++)
	{
		float kept = net.parameters[i];
		double up, down;

		net.parameters[i] = kept + 1.0f / 256;
		up = loss_of(&net, &pass, inputs, 5, dropout);
		net.parameters[i] = kept - 1.0f / 256;
		down = loss_of(&net, &pass, inputs, 5, dropout);
		net.parameters[i] = kept;
		if (fabs((up - down) * 128 - (double) gradients[i]) > 2e-3)
			kinks++;
	}
	CHECK(kinks <= net.count / 25);
}

static void
check_gradients(void)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		check_shape(&shapes[i], 0);
		check_shape(&shapes[i], 0.3);
	}
}

/* ---- beginning ---- */

static void
check_beginning(void)
{
	static const CpNetShape shape = {3, {50, 40, 30, 2}, true};
	static float inputs[50];
	CpContext *context = unit_context();
	CpRng rng;
	CpNet net;
	CpNetPass pass;

	cp_rng_init(&rng, 1, 0);
	REQUIRE_OK(cp_net_init(&net, context, &shape, &rng));
	CHECK_EQUAL(50 * 40 + 40 + 40 * 30 + 30 + 30 * 2 + 2 + 50 * 2, net.count);
	for (uint32_t l = 0; l < 2; l++)
	{
		uint32_t n = shape.sizes[l] * shape.sizes[l + 1];
		double square = 0;

		for (uint32_t i = 0; i < n; i++)
			square += pow((double) cp_net_weights(&net, l)[i], 2) / n;
		CHECK_RELATIVE(2.0 / shape.sizes[l], square, 5 * sqrt(2.0 / n));
		for (uint32_t u = 0; u < shape.sizes[l + 1]; u++)
			CHECK(cp_net_biases(&net, l)[u] == 0);
	}
	for (float *at = cp_net_weights(&net, 2); at < net.parameters + net.count; at++)
		CHECK(*at == 0);
	CHECK(cp_net_skip(&net) == net.parameters + net.count - 100);
	for (int i = 0; i < 50; i++)
		inputs[i] = (float) i;
	REQUIRE_OK(cp_net_pass_init(&pass, context, &shape, 1));
	CHECK(cp_net_forward(&net, &pass, inputs, 1, 0, NULL)[1] == 0);
}

/* ---- dropout ---- */

/* The chance is as asked for, and what is left makes up for what is not. */
static void
check_dropout(void)
{
	static const CpNetShape shape = {2, {1, MOST_UNITS, 1}, false};
	enum
	{
		rows = 500
	};
	static float inputs[rows];
	CpContext *context = unit_context();
	CpRng rng;
	CpNet net;
	CpNetPass pass;

	REQUIRE_OK(cp_net_init(&net, context, &shape, NULL));
	for (uint32_t u = 0; u < MOST_UNITS; u++)
		cp_net_biases(&net, 0)[u] = 1;
	REQUIRE_OK(cp_net_pass_init(&pass, context, &shape, rows));
	cp_rng_init(&rng, 1, 0);
	for (double dropout = 0.1; dropout < 1; dropout += 0.2)
	{
		double n = rows * MOST_UNITS, left = 0;

		cp_net_forward(&net, &pass, inputs, rows, dropout, &rng);
		for (uint32_t i = 0; i < rows * MOST_UNITS; i++)
		{
			left += pass.outputs[0][i] != 0;
			if (pass.outputs[0][i] != 0)
				CHECK_RELATIVE(1 / (1 - dropout), pass.outputs[0][i], 2e-4);
		}
		CHECK_CLOSE(1 - dropout, left / n, 5 * sqrt(dropout * (1 - dropout) / n));
	}
}

/* ---- bytes ---- */

static CpStatus
write_net(const CpNet *net, CpWriter *writer)
{
	cp_writer_begin(writer, net->context, "nettest", 1);
	cp_net_write(net, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_net(CpContext *context, const CpWriter *writer, CpNet *net)
{
	CpReader reader;

	CP_TRY(cp_reader_open(&reader, context, writer->bytes, writer->length, "nettest", 1));
	CP_TRY(cp_net_read(net, &reader));
	return cp_reader_close(&reader);
}

static void
check_bytes(void)
{
	for (size_t i = 0; i < SHAPES; i++)
	{
		CpContext *context = unit_context();
		CpRng rng;
		CpNet net, again;
		CpWriter writer;

		cp_rng_init(&rng, i, 0);
		REQUIRE_OK(cp_net_init(&net, context, &shapes[i], &rng));
		REQUIRE_OK(write_net(&net, &writer));
		REQUIRE_OK(read_net(context, &writer, &again));
		CHECK(memcmp(&net.shape, &again.shape, sizeof(net.shape)) == 0);
		CHECK_EQUAL(net.count, again.count);
		CHECK(memcmp(net.parameters, again.parameters, net.count * sizeof(float)) == 0);
	}
}

/* Numbers in place of the shape's and the count, as they are stored. */
static CpStatus
read_forged(const uint32_t *words, uint32_t nwords, uint8_t skip, uint32_t count, float parameter)
{
	CpContext *context = unit_context();
	CpWriter writer;
	CpNet net;

	cp_writer_begin(&writer, context, "nettest", 1);
	for (uint32_t i = 0; i < nwords; i++)
		cp_write_u32(&writer, words[i]);
	cp_write_u8(&writer, skip);
	cp_write_u32(&writer, count);
	for (uint32_t i = 0; i < 7; i++)
		cp_write_f32(&writer, i == 4 ? parameter : 0);
	CP_TRY(cp_writer_finish(&writer));
	return read_net(context, &writer, &net);
}

static void
check_forged(void)
{
	static const uint32_t good[] = {2, 1, 2, 1}, deep[] = {5, 1, 1, 1, 1, 1, 1};

	CHECK_STATUS(CP_OK, read_forged(good, 4, 0, 7, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 1, 7, 1)); /* a skip makes it 8 */
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 0, 6, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 0, 8, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 0, UINT32_MAX, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 0, 7, NAN));
	CHECK_STATUS(CP_CORRUPT, read_forged(good, 4, 0, 7, -INFINITY));
	CHECK_STATUS(CP_CORRUPT, read_forged(deep, 7, 0, 7, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged((uint32_t[]){0, 1}, 2, 0, 7, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged((uint32_t[]){2, 1, 0, 1}, 4, 0, 1, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged((uint32_t[]){2, 1, 2, 0}, 4, 0, 4, 1));
	CHECK_STATUS(CP_CORRUPT, read_forged((uint32_t[]){1, 1u << 31, 1u << 31}, 3, 0, 7, 1));
}

/* ---- memory ---- */

static CpStatus
make_and_free(CpContext *context, const CpWriter *writer)
{
	CpNet net;
	CpNetPass pass;
	CpAdam adam;

	CP_TRY(read_net(context, writer, &net));
	CP_TRY(cp_net_pass_init(&pass, context, &net.shape, 9));
	CP_TRY(cp_adam_init(&adam, context, net.count));
	cp_net_free(&net);
	cp_net_pass_free(&pass);
	cp_adam_free(&adam);
	return CP_OK;
}

static void
check_failures(void)
{
	CpStatus status = CP_NO_MEMORY;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();
		CpNet net;
		CpWriter writer;
		size_t blocks;

		REQUIRE_OK(cp_net_init(&net, context, &shapes[4], NULL));
		REQUIRE_OK(write_net(&net, &writer));
		blocks = unit_live_blocks();
		unit_fail_allocation(nth);
		status = make_and_free(context, &writer);
		REQUIRE(nth < 20);
		CHECK(status == CP_NO_MEMORY || nth == 10);
		if (status == CP_OK)
			CHECK_EQUAL(blocks, unit_live_blocks());
	}
}

void
test_net(void)
{
	UNIT_CASE("passes and steps are numpy's", check_numpy);
	UNIT_CASE("gradients are those of differences", check_gradients);
	UNIT_CASE("a new network answers 0", check_beginning);
	UNIT_CASE("dropout leaves out its share", check_dropout);
	UNIT_CASE("bytes and back", check_bytes);
	UNIT_CASE("forged bytes are refused", check_forged);
	UNIT_CASE("each allocation that fails", check_failures);
}
