/*
 * scorer.h: a model and a row type at hand for the calls of one query.
 *
 * The first call finds the version under the active snapshot, pins the loaded
 * model and binds the row type; later calls only look whether anything changed:
 * what the snapshot sees (an expression of PL/pgSQL lives across statements), the
 * user, the model asked for, the row's type. A query that sees just what the last
 * one saw takes over what that one found.
 */
#ifndef CP_SCORER_H
#define CP_SCORER_H

#include "postgres.h"

#include "access/htup.h"
#include "fmgr.h"
#include "utils/jsonb.h"

#include "learn/explain.h"
#include "pg/bridge.h"
#include "pg/model_cache.h"

typedef struct CpScorer CpScorer;

/* The scorer kept in fn_extra. model: NULL = the default; version: 0 = the deployed one. */
extern CpScorer *cp_scorer_get(FunctionCallInfo fcinfo, text *model, int32 version);

/* A scorer of its own, in the current memory context, for a loop over tuples. NULL: the default model. */
extern CpScorer *cp_scorer_make(const char *model);

/* Churn probability. value: money a month or NaN when not told; NULL when not wanted. */
extern double cp_scorer_record(CpScorer *scorer, HeapTupleHeader record, double *value);
extern double cp_scorer_tuple(CpScorer *scorer, HeapTuple tuple, TupleDesc descriptor,
                              double *value);
extern double cp_scorer_jsonb(CpScorer *scorer, Jsonb *object, double *value);

/* Chance to leave within a month, of a churn probability of the model. */
extern double cp_scorer_hazard(CpScorer *scorer, double probability);

/* The feature vector of the customer scored last, and the map it is by. */
extern const double *cp_scorer_vector(const CpScorer *scorer);
extern const CpFeatureMap *cp_scorer_map(const CpScorer *scorer);

/* The text of a category as the customer scored last has it; object: NULL when that was a row. */
extern char *cp_scorer_text(const CpScorer *scorer, Jsonb *object, uint32 feature);

/* What explains this model, kept with the scorer; its context is the bridge's. */
extern CpExplainer *cp_scorer_explainer(CpScorer *scorer, const CpBridge **bridge);

/* The row type that the calling function returns, kept between calls. */
extern TupleDesc cp_scorer_result_type(CpScorer *scorer, FunctionCallInfo fcinfo);

/*
 * The version that a scorer would use, without loading it, and the model's name. model: NULL = the
 * default; version: 0 = the deployed one.
 */
extern const char *cp_scorer_find(const char *model, int32 version, CpModelRef *ref);

/* The version in use and the model's name. */
extern const CpModelRef *cp_scorer_ref(const CpScorer *scorer);
extern const char *cp_scorer_model(const CpScorer *scorer);

#endif
