/*
 * calibrate.h: from the ensemble's probability to one that can be taken at its word.
 *
 * A strictly increasing map, stored with the model, chosen and fitted on probabilities of
 * rows that the members had not seen. Ranks, and with them AUC and lift, stay as they are.
 */
#ifndef CP_CALIBRATE_H
#define CP_CALIBRATE_H

#include <stdint.h>

#include "num/bytes.h"
#include "num/context.h"

/* From simple to flexible. Stored in model bytes: values never change their meaning. */
typedef enum CpCalibrationKind
{
	CP_CALIBRATION_NONE = 0,
	CP_CALIBRATION_TEMPERATURE = 1, /* log-odds * slope (Guo, Pleiss, Sun, Weinberger 2017) */
	CP_CALIBRATION_PLATT = 2,       /* log-odds * slope + intercept (Platt 1999) */
	CP_CALIBRATION_ISOTONIC = 3,    /* lines between knots (Zadrozny, Elkan 2002) */
	CP_CALIBRATION_KINDS            /* number of kinds */
} CpCalibrationKind;

/* Both ends included. */
#define CP_CALIBRATION_KNOTS 64

/* Largest slope, and one over the least; beyond, it is not calibration that lacks. */
#define CP_CALIBRATION_SLOPE 5

/*
 * A class of fewer rows gives nothing to choose by; where weights differ it is the effective
 * number of rows that counts (Kish 1965).
 */
#define CP_CALIBRATION_ROWS 30

/*
 * Isotonic is tried from this weight of rows on; with fewer rows it learns noise
 * (Niculescu-Mizil, Caruana 2005).
 */
#define CP_CALIBRATION_ISOTONIC_ROWS 1000

/*
 * Standard errors by which a more flexible kind must do better than the one chosen so far.
 * The noise of its fit speaks against it already, so that of sets of 2,000 rows that need
 * no calibration two in a thousand get one, at a cost of 1e-5 in log-loss of fresh rows on
 * average; with one standard error it is four in a hundred and 1e-4. Two would leave a
 * temperature of 1.2 at 2,000 rows uncorrected twice as often.
 */
#define CP_CALIBRATION_ERRORS 1.5

typedef struct CpCalibration
{
	CpCalibrationKind kind;
	double slope;                        /* temperature, Platt; 1 / slope is the temperature */
	double intercept;                    /* Platt, else 0 */
	uint32_t knots;                      /* isotonic: 3 .. CP_CALIBRATION_KNOTS, else 0 */
	double from[CP_CALIBRATION_KNOTS];   /* [knots] ascending from 0 to 1 */
	double to[CP_CALIBRATION_KNOTS];     /* [knots] ascending, within (0, 1) */
	double losses[CP_CALIBRATION_KINDS]; /* cross-fitted log-loss of each kind, NaN = not tried */
} CpCalibration;

/* "none", "temperature", ...; NULL for a value that is no kind. */
extern const char *cp_calibration_name(CpCalibrationKind kind);

/*
 * Choose a kind and fit it. probabilities: [n] in [0, 1]; labels: [n] 1 = churned; weights:
 * [n] zero or more, NULL = all 1, weight 2 = the row twice; parts: [n] 0 .. nparts - 1.
 *
 * Each kind is fitted without a part and judged on it by its log-loss, part by part. Going
 * from simple to flexible, a kind takes the place of the one chosen so far when its loss is
 * less by CP_CALIBRATION_ERRORS standard errors of the rows' differences.
 *
 * Slope and intercept are fitted by Newton's method to targets that are no certainties, so
 * that separable classes have a finite answer (Platt 1999; Lin, Lin, Weng 2007). Isotonic:
 * ties and neighbours are put into equal parts of the weight; adjacent ones that go down
 * are pooled to blocks; to each block is added one row that churned by the rate of all. Its
 * rate is what the mean probabilities of its parts become, nearly: a block's level is
 * tilted a little so that the map ascends. In between the map is linear.
 *
 * None is the answer, not an error, when there are fewer than two parts, too few rows of a
 * class, or weights whose sums overflow.
 */
extern CpStatus cp_calibrate(CpContext *context, const double *probabilities, const uint8_t *labels,
                             const double *weights, const uint8_t *parts, uint32_t nparts,
                             uint32_t n, CpCalibration *calibration);

/* The probability to give out. */
extern double cp_calibrated(const CpCalibration *calibration, double probability);

extern void cp_calibration_write(const CpCalibration *calibration, CpWriter *writer);

/* A bad value marks the reader corrupt and leaves the kind none. */
extern CpStatus cp_calibration_read(CpCalibration *calibration, CpReader *reader);

#endif
