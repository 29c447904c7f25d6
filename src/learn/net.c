/*
 * net.c: a dense feed-forward network in single precision.
 */
#include "learn/net.h"

#include <math.h>
#include <string.h>

#include "num/blas.h"

/* Of AdamW. */
#define MEAN_DECAY 0.9
#define SQUARE_DECAY 0.999
#define EPSILON 1e-8f

/* Chances of dropout are multiples of 1 / this. */
#define DROPOUT_STEPS 65536

/* ---- shape ---- */

/* Where a layer's parameters begin; one past the last layer, the skip's. */
static size_t
layer_begin(const CpNetShape *shape, uint32_t layer)
{
	size_t begin = 0;

	for (uint32_t l = 0; l < layer; l++)
		begin += ((size_t) shape->sizes[l] + 1) * shape->sizes[l + 1];
	return begin;
}

size_t
cp_net_count(const CpNetShape *shape)
{
	size_t skip = shape->skip ? (size_t) shape->sizes[0] * shape->sizes[shape->layers] : 0;

	return layer_begin(shape, shape->layers) + skip;
}

float *
cp_net_weights(const CpNet *net, uint32_t layer)
{
	return net->parameters + layer_begin(&net->shape, layer);
}

float *
cp_net_biases(const CpNet *net, uint32_t layer)
{
	return cp_net_weights(net, layer + 1) - net->shape.sizes[layer + 1];
}

float *
cp_net_skip(const CpNet *net)
{
	return cp_net_weights(net, net->shape.layers);
}

CpStatus
cp_net_init(CpNet *net, CpContext *context, const CpNetShape *shape, CpRng *rng)
{
	net->context = context;
	net->shape = *shape;
	net->count = cp_net_count(shape);
	CP_TRY(cp_alloc_zero(context, &net->parameters, net->count, sizeof(float)));
	for (uint32_t l = 0; l + 1 < shape->layers && rng != NULL; l++)
	{
		double deviation = sqrt(2.0 / shape->sizes[l]);
		float *weights = cp_net_weights(net, l);

		for (size_t i = 0; i < (size_t) shape->sizes[l] * shape->sizes[l + 1]; i++)
			weights[i] = (float) (deviation * cp_rng_normal(rng));
	}
	return CP_OK;
}

void
cp_net_free(CpNet *net)
{
	cp_free(net->context, &net->parameters);
}

bool
cp_net_is_finite(const CpNet *net)
{
	bool finite = true;

	for (size_t i = 0; i < net->count; i++)
		finite &= isfinite(net->parameters[i]) != 0;
	return finite;
}

/* ---- passes over a batch ---- */

CpStatus
cp_net_pass_init(CpNetPass *pass, CpContext *context, const CpNetShape *shape, uint32_t rows)
{
	memset(pass, 0, sizeof(*pass));
	pass->context = context;
	CP_TRY(cp_blas_load(context));
	for (uint32_t l = 0; l < shape->layers; l++)
	{
		size_t n = (size_t) rows * shape->sizes[l + 1];

		CP_TRY(cp_alloc(context, &pass->outputs[l], n, sizeof(float)));
		CP_TRY(cp_alloc(context, &pass->gradients[l], n, sizeof(float)));
	}
	return CP_OK;
}

void
cp_net_pass_free(CpNetPass *pass)
{
	for (uint32_t l = 0; l < CP_NET_MAX_LAYERS; l++)
	{
		cp_free(pass->context, &pass->outputs[l]);
		cp_free(pass->context, &pass->gradients[l]);
	}
}

size_t
cp_net_pass_bytes(const CpNetShape *shape, uint32_t rows)
{
	size_t units = 0;

	for (uint32_t l = 0; l < shape->layers; l++)
		units += shape->sizes[l + 1];
	return 2 * units * rows * sizeof(float);
}

/* Units that a draw of 16 bits falls on are left out, the others scaled up. */
static void
drop_out(float *x, size_t n, uint32_t below, float scale, CpRng *rng)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
	{
		bits = i % 4 == 0 ? cp_rng_bits(rng) : bits >> 16;
		x[i] *= bits % DROPOUT_STEPS < below ? 0 : scale;
	}
}

static void
rectify(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = x[i] > 0 ? x[i] : 0;
}

const float *
cp_net_forward(const CpNet *net, CpNetPass *pass, const float *inputs, uint32_t rows,
               double dropout, CpRng *rng)
{
	const uint32_t *sizes = net->shape.sizes;
	uint32_t last = net->shape.layers - 1;
	uint32_t below = (uint32_t) (dropout * DROPOUT_STEPS);

	pass->scale = (float) DROPOUT_STEPS / (float) (DROPOUT_STEPS - below);
	for (uint32_t l = 0; l <= last; l++)
	{
		uint32_t units = sizes[l + 1];
		float *out = pass->outputs[l];

		for (uint32_t row = 0; row < rows; row++)
			memcpy(out + (size_t) row * units, cp_net_biases(net, l), units * sizeof(float));
		cp_blas_multiply(false, false, rows, units, sizes[l],
		                 l == 0 ? inputs : pass->outputs[l - 1], cp_net_weights(net, l), 1, out);
		if (l == last)
			break;
		rectify(out, (size_t) rows * units);
		if (below > 0)
			drop_out(out, (size_t) rows * units, below, pass->scale, rng);
	}
	if (net->shape.skip)
		cp_blas_multiply(false, false, rows, sizes[last + 1], sizes[0], inputs, cp_net_skip(net), 1,
		                 pass->outputs[last]);
	return pass->outputs[last];
}

static void
sum_rows(const float *x, uint32_t rows, uint32_t n, float *sums)
{
	memset(sums, 0, n * sizeof(float));
	for (uint32_t row = 0; row < rows; row++)
		for (uint32_t i = 0; i < n; i++)
			sums[i] += x[(size_t) row * n + i];
}

/* A unit that answered 0, by its sum or by dropout, passes nothing back. */
static void
pass_back(const float *outputs, size_t n, float scale, float *gradients)
{
	for (size_t i = 0; i < n; i++)
		gradients[i] *= outputs[i] > 0 ? scale : 0;
}

void
cp_net_backward(const CpNet *net, CpNetPass *pass, const float *inputs, uint32_t rows,
                float *gradients)
{
	const uint32_t *sizes = net->shape.sizes;
	uint32_t layers = net->shape.layers;

	if (net->shape.skip)
		cp_blas_multiply(true, false, sizes[0], sizes[layers], rows, inputs,
		                 pass->gradients[layers - 1], 0,
		                 gradients + layer_begin(&net->shape, layers));
	for (uint32_t l = layers; l-- > 0;)
	{
		const float *of_sums = pass->gradients[l];

		cp_blas_multiply(true, false, sizes[l], sizes[l + 1], rows,
		                 l == 0 ? inputs : pass->outputs[l - 1], of_sums, 0,
		                 gradients + layer_begin(&net->shape, l));
		sum_rows(of_sums, rows, sizes[l + 1],
		         gradients + layer_begin(&net->shape, l + 1) - sizes[l + 1]);
		if (l == 0)
			break;
		cp_blas_multiply(false, true, rows, sizes[l], sizes[l + 1], of_sums, cp_net_weights(net, l),
		                 0, pass->gradients[l - 1]);
		pass_back(pass->outputs[l - 1], (size_t) rows * sizes[l], pass->scale,
		          pass->gradients[l - 1]);
	}
}

/* ---- steps ---- */

CpStatus
cp_adam_init(CpAdam *adam, CpContext *context, size_t count)
{
	adam->context = context;
	adam->mean_left = adam->square_left = 1;
	CP_TRY(cp_alloc_zero(context, &adam->mean, count, sizeof(float)));
	return cp_alloc_zero(context, &adam->square, count, sizeof(float));
}

void
cp_adam_free(CpAdam *adam)
{
	cp_free(adam->context, &adam->mean);
	cp_free(adam->context, &adam->square);
}

void
cp_adam_step(CpAdam *adam, const float *gradients, size_t count, double learning_rate,
             double weight_decay, float *parameters)
{
	float *restrict mean = adam->mean, *restrict square = adam->square;
	float *restrict values = parameters;
	float shrunk = (float) (1 - learning_rate * weight_decay);
	float rate, scale;

	adam->mean_left *= MEAN_DECAY;
	adam->square_left *= SQUARE_DECAY;
	rate = (float) (learning_rate / (1 - adam->mean_left));
	scale = (float) (1 / sqrt(1 - adam->square_left));
	for (size_t i = 0; i < count; i++)
	{
		float g = gradients[i];

		mean[i] += (float) (1 - MEAN_DECAY) * (g - mean[i]);
		square[i] += (float) (1 - SQUARE_DECAY) * (g * g - square[i]);
		values[i] = shrunk * values[i] - rate * mean[i] / (scale * sqrtf(square[i]) + EPSILON);
	}
}

/* ---- bytes ---- */

void
cp_net_write(const CpNet *net, CpWriter *writer)
{
	cp_write_u32(writer, net->shape.layers);
	for (uint32_t l = 0; l <= net->shape.layers; l++)
		cp_write_u32(writer, net->shape.sizes[l]);
	cp_write_u8(writer, net->shape.skip);
	cp_write_u32(writer, (uint32_t) net->count);
	for (size_t i = 0; i < net->count; i++)
		cp_write_f32(writer, net->parameters[i]);
}

static void
read_shape(CpNetShape *shape, CpReader *reader)
{
	memset(shape, 0, sizeof(*shape));
	shape->layers = cp_read_u32(reader);
	if (shape->layers < 1 || shape->layers > CP_NET_MAX_LAYERS)
	{
		cp_reader_reject(reader);
		return;
	}
	for (uint32_t l = 0; l <= shape->layers; l++)
	{
		shape->sizes[l] = cp_read_u32(reader);
		if (shape->sizes[l] > CP_NET_MAX_SIZE || (l > 0 && shape->sizes[l] == 0))
			cp_reader_reject(reader);
	}
	shape->skip = cp_read_u8(reader) != 0;
}

CpStatus
cp_net_read(CpNet *net, CpReader *reader)
{
	CpNetShape shape;
	uint32_t count;

	memset(net, 0, sizeof(*net));
	read_shape(&shape, reader);
	count = cp_read_count(reader, sizeof(float));
	if (!reader->failed && count != cp_net_count(&shape))
		cp_reader_reject(reader);
	if (!reader->failed)
	{
		CP_TRY(cp_net_init(net, reader->context, &shape, NULL));
		for (uint32_t i = 0; i < count; i++)
			net->parameters[i] = cp_read_f32(reader);
		if (!cp_net_is_finite(net))
			cp_reader_reject(reader);
	}
	if (reader->failed)
		return cp_fail(reader->context, CP_CORRUPT, "The network does not check out.");
	return CP_OK;
}
