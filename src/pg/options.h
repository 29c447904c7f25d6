/*
 * options.h: the options of cp_train, checked key by key.
 */
#ifndef CP_OPTIONS_H
#define CP_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "learn/train.h"
#include "pg/json.h"

/* Texts are NULL and lists NIL when not given. */
typedef struct CpOptions
{
	char *id;
	List *exclude; /* of char * */
	List *include;
	char *positive;
	char *weight;
	char *value_column;
	char *tenure_column;
	char *service_column;
	char *time_column;
	char *group_column;
	double base_rate; /* churn rate of all customers within the horizon, 0 = that of the rows */
	double horizon_months; /* over which the label says who left */
	double test_size;
	double folds;
	double seed;
	double max_rows; /* 0 = all */
	bool screen;
	bool deploy;
	CpEnsembleParams ensemble;
} CpOptions;

/* Defaults, then what the object says; an unknown key is an error that lists the known ones. */
extern void cp_options_read(Jsonb *json, CpOptions *options);

/* The settings of the members that were fitted, as the options write them. */
extern void cp_options_describe(const CpEnsembleParams *params, CpJson *json);

#endif
