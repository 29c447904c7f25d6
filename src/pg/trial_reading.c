/*
 * trial_reading.c: outcomes of units, read in the order in which they came in.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/trial_reading.h"

/* Rows that are fetched at once. */
#define BATCH 1000

void
cp_trial_reading_begin(CpTrialReading *reading, const char *name, const CpTrialDesign *design,
                       uint32 phases, const double *weights, const double *exposed)
{
	reading->name = name;
	reading->design = *design;
	reading->moments = palloc0((Size) phases * design->arms * sizeof(CpMoments));
	reading->sequences = palloc(design->arms * sizeof(CpSequence));
	for (uint32 arm = 0; arm < design->arms; arm++)
		cp_sequence_begin(&reading->sequences[arm]);
	reading->trial = (CpTrial){.design = &reading->design,
	                           .phases = phases,
	                           .weights = weights,
	                           .moments = reading->moments,
	                           .exposed = exposed};
}

/* A unit tells something about its own arm, or about all others when it is in the control. */
void
cp_trial_reading_add(CpTrialReading *reading, uint32 phase, uint32 arm, double y, double x)
{
	uint32 control = reading->design.control;

	cp_moments_add(&reading->moments[phase * reading->design.arms + arm], y, x);
	for (uint32 other = 0; other < reading->design.arms; other++)
		if (other != control && (other == arm || arm == control))
			cp_sequence_look(&reading->sequences[other], &reading->trial, other);
}

double
cp_trial_reading_units(const CpTrialReading *reading)
{
	double units = 0;

	for (uint32 cell = 0; cell < reading->trial.phases * reading->design.arms; cell++)
		units += reading->moments[cell].n;
	return units;
}

void
cp_trial_reading_report(const CpTrialReading *reading, double ratio_most, CpTrialReport *report)
{
	CpBridge bridge;

	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_bridge_check(
		&bridge,
		cp_trial_report(&bridge.context, &reading->trial, reading->sequences, ratio_most, report),
		NULL);
}

void
cp_trial_fetch(const char *query, int32 parameter,
               void (*take)(void *taker, HeapTuple row, TupleDesc descriptor), void *taker)
{
	Oid type = INT4OID;
	Datum value = Int32GetDatum(parameter);
	Portal portal = SPI_cursor_open_with_args(NULL, query, 1, &type, &value, NULL, true, 0);
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent trial", ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		MemoryContext caller;

		SPI_cursor_fetch(portal, true, BATCH);
		if (SPI_processed == 0)
			break;
		caller = MemoryContextSwitchTo(memory);
		for (uint64 i = 0; i < SPI_processed; i++)
			take(taker, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(memory);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(memory);
}
