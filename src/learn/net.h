/*
 * net.h: a dense feed-forward network in single precision.
 *
 * Hidden layers are rectified (ReLU), outputs are linear. A network may have a skip
 * connection: weights from its inputs straight to its outputs, with which a linear model
 * is learned at once. Matrices lie in memory row by row, a row of a batch behind the other.
 * Passes over a batch are matrix products by BLAS, whose last bits depend on the kind of
 * processor: results are the same for the same seed on one machine and close on others.
 *
 * Training is by AdamW (Kingma and Ba 2015; decoupled weight decay: Loshchilov and Hutter
 * 2019) with inverted dropout (Srivastava et al. 2014), from weights drawn as by He et al.
 * (2015). A step moves a parameter by a few times the learning rate at most, whatever the
 * gradients, so with inputs of moderate size and a learning rate up to 1 nothing overflows.
 */
#ifndef CP_NET_H
#define CP_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "num/bytes.h"
#include "num/context.h"
#include "num/rng.h"

#define CP_NET_MAX_LAYERS 4
#define CP_NET_MAX_SIZE (1u << 20)

typedef struct CpNetShape
{
	uint32_t layers;                       /* of weights, 1 .. CP_NET_MAX_LAYERS */
	uint32_t sizes[CP_NET_MAX_LAYERS + 1]; /* inputs, hidden units, ..., outputs; 1 .. 2^20, inputs
	                                          may be 0 */
	bool skip;
} CpNetShape;

typedef struct CpNet
{
	CpContext *context;
	CpNetShape shape;
	size_t count;      /* of parameters */
	float *parameters; /* [count] of each layer weights [from][to], then biases [to]; last the
	                      skip's weights [inputs][outputs] */
} CpNet;

/* Parameters of a network of this shape. */
extern size_t cp_net_count(const CpNetShape *shape);

/* Where parameters begin; the layer of the first hidden units is 0. */
extern float *cp_net_weights(const CpNet *net, uint32_t layer);
extern float *cp_net_biases(const CpNet *net, uint32_t layer);
extern float *cp_net_skip(const CpNet *net);

/*
 * Normal weights of variance 2 / inputs in hidden layers, all else zero: a new network
 * answers 0 to everything. rng NULL: hidden layers are zero too.
 */
extern CpStatus cp_net_init(CpNet *net, CpContext *context, const CpNetShape *shape, CpRng *rng);
extern void cp_net_free(CpNet *net);

/* Is no parameter an infinity or NaN? */
extern bool cp_net_is_finite(const CpNet *net);

/* What a pass over a batch leaves behind. Any network of the shape may use it. */
typedef struct CpNetPass
{
	CpContext *context;
	float scale;                         /* of units that dropout left: 1 / (1 - dropout) */
	float *outputs[CP_NET_MAX_LAYERS];   /* [rows][units] of each layer */
	float *gradients[CP_NET_MAX_LAYERS]; /* [rows][units] by each layer's sums */
} CpNetPass;

/* For batches of up to rows rows. CP_UNAVAILABLE without OpenBLAS. */
extern CpStatus cp_net_pass_init(CpNetPass *pass, CpContext *context, const CpNetShape *shape,
                                 uint32_t rows);
extern void cp_net_pass_free(CpNetPass *pass);
extern size_t cp_net_pass_bytes(const CpNetShape *shape, uint32_t rows);

/*
 * Outputs [rows][outputs] of inputs [rows][inputs], kept in the pass. Each hidden unit of
 * each row is left out with chance dropout, 0 <= dropout < 1 in steps of 2^-16; at 0 rng
 * is not read and may be NULL.
 */
extern const float *cp_net_forward(const CpNet *net, CpNetPass *pass, const float *inputs,
                                   uint32_t rows, double dropout, CpRng *rng);

/*
 * Gradient of a loss by the parameters [count]. To be called after forward on the same
 * inputs, with the gradient by the outputs in pass->gradients of the last layer.
 */
extern void cp_net_backward(const CpNet *net, CpNetPass *pass, const float *inputs, uint32_t rows,
                            float *gradients);

/* State of the optimiser: means of the gradients and of their squares, of decaying weights. */
typedef struct CpAdam
{
	CpContext *context;
	float *mean;      /* [count] */
	float *square;    /* [count] */
	double mean_left; /* weight that the zeros of the beginning still have */
	double square_left;
} CpAdam;

extern CpStatus cp_adam_init(CpAdam *adam, CpContext *context, size_t count);
extern void cp_adam_free(CpAdam *adam);

/*
 * One step of AdamW, with decays of 0.9 and 0.999 and epsilon 1e-8. learning_rate > 0,
 * 0 <= weight_decay <= 1 / learning_rate.
 */
extern void cp_adam_step(CpAdam *adam, const float *gradients, size_t count, double learning_rate,
                         double weight_decay, float *parameters);

extern void cp_net_write(const CpNet *net, CpWriter *writer);

/* Reads a network of any shape; a parameter that is not finite marks the reader corrupt. */
extern CpStatus cp_net_read(CpNet *net, CpReader *reader);

#endif
