/*
 * model.c: what training makes and scoring uses.
 */
#include "learn/model.h"

#include <string.h>

/* Rows scored between two looks at the poll: a few milliseconds of work. */
#define POLL_ROWS 4096

double
cp_model_probability(const CpModel *model, const double *vector, void *scratch)
{
	return cp_ensemble_probability(&model->ensemble, vector, scratch);
}

CpStatus
cp_model_score_rows(CpContext *context, const CpModel *model, const CpDataset *dataset,
                    const uint32_t *rows, uint32_t n, double *probabilities)
{
	double *vector;
	void *scratch;

	CP_TRY(cp_alloc(context, &vector, model->map.count, sizeof(double)));
	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	for (uint32_t i = 0; i < n; i++)
	{
		cp_dataset_vector(dataset, rows[i], vector);
		probabilities[i] = cp_model_probability(model, vector, scratch);
		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
	}
	cp_free(context, &vector);
	cp_free(context, &scratch);
	return CP_OK;
}

CpStatus
cp_model_write(const CpModel *model, CpContext *context, CpWriter *writer)
{
	cp_writer_begin(writer, context, CP_MODEL_MAGIC, CP_MODEL_FORMAT);
	cp_featuremap_write(&model->map, writer);
	cp_ensemble_write(&model->ensemble, writer);
	cp_background_write(&model->background, &model->map, writer);
	return cp_writer_finish(writer);
}

CpStatus
cp_model_read(CpModel *model, CpContext *context, const void *bytes, size_t length)
{
	CpReader reader;

	memset(model, 0, sizeof(*model));
	CP_TRY(cp_reader_open(&reader, context, bytes, length, CP_MODEL_MAGIC, CP_MODEL_FORMAT));
	CP_TRY(cp_featuremap_read(&model->map, &reader));
	CP_TRY(cp_ensemble_read(&model->ensemble, &reader, &model->map));
	CP_TRY(cp_background_read(&model->background, &reader, &model->map));
	return cp_reader_close(&reader);
}
