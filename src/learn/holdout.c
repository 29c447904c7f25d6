/*
 * holdout.c: scores and labels of the rows a model was measured on, as bytes.
 */
#include "learn/holdout.h"

#include <math.h>
#include <string.h>

#define MAGIC "cphold\0"
#define FORMAT 1

CpStatus
cp_holdout_write(const CpTrained *trained, CpContext *context, CpWriter *writer)
{
	uint32_t rows = trained->test_rows < CP_HOLDOUT_ROWS ? trained->test_rows : CP_HOLDOUT_ROWS;

	cp_writer_begin(writer, context, MAGIC, FORMAT);
	cp_write_u8(writer, trained->test_weights != NULL);
	cp_write_u32(writer, rows);
	for (uint32_t row = 0; row < rows; row++)
	{
		cp_write_f64(writer, trained->test_probabilities[row]);
		cp_write_u8(writer, trained->test_labels[row]);
		if (trained->test_weights != NULL)
			cp_write_f64(writer, trained->test_weights[row]);
	}
	return cp_writer_finish(writer);
}

static void
read_row(CpScored *holdout, CpReader *reader, uint32_t row)
{
	holdout->probabilities[row] = cp_read_f64(reader);
	holdout->labels[row] = cp_read_u8(reader);
	if (holdout->weights != NULL)
		holdout->weights[row] = cp_read_f64(reader);
	if (!(holdout->probabilities[row] >= 0 && holdout->probabilities[row] <= 1) ||
	    holdout->labels[row] > 1 ||
	    (holdout->weights != NULL &&
	     !(holdout->weights[row] >= 0 && isfinite(holdout->weights[row]))))
		cp_reader_reject(reader);
}

CpStatus
cp_holdout_read(CpScored *holdout, CpContext *context, const void *bytes, size_t length)
{
	CpReader reader;
	bool weighted;

	memset(holdout, 0, sizeof(*holdout));
	CP_TRY(cp_reader_open(&reader, context, bytes, length, MAGIC, FORMAT));
	weighted = cp_read_u8(&reader) != 0;
	holdout->rows = cp_read_count(&reader, sizeof(double) + 1);
	CP_TRY(cp_alloc(context, &holdout->probabilities, holdout->rows, sizeof(double)));
	CP_TRY(cp_alloc(context, &holdout->labels, holdout->rows, 1));
	if (weighted)
		CP_TRY(cp_alloc(context, &holdout->weights, holdout->rows, sizeof(double)));
	for (uint32_t row = 0; row < holdout->rows; row++)
		read_row(holdout, &reader, row);
	return cp_reader_close(&reader);
}
