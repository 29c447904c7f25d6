/*
 * drift_advice.c: what to do about what a check of drift found, in words.
 */
#include "pg/compat.h"

#include <math.h>

#include "lib/stringinfo.h"

#include "pg/drift_advice.h"

/* Has above all the share without a value moved? */
static bool
is_gap(const CpDriftLine *line)
{
	return cp_drift_is_feature(line) &&
	       (line->drift.gaps.psi > line->drift.cells.psi || isnan(line->drift.cells.psi));
}

const char *
cp_drift_line_advice(const CpDriftLine *line, const char *telling)
{
	const CpFeatureDrift *drift = &line->drift;

	if (line->level <= CP_ALARM_OK)
		return NULL;
	if (strcmp(line->feature, CP_DRIFT_COMBINATIONS) == 0)
		return psprintf("today's customers can be told from those before, best by %s", telling);
	if (strcmp(line->feature, CP_DRIFT_SCORE) == 0)
		return "the model scores customers otherwise than it did";
	if (strcmp(line->feature, CP_DRIFT_LABEL) == 0)
		return "another share of customers leaves: calibrate by training again";
	if (is_gap(line))
		return psprintf("%.1f %% have no value, %.1f %% had none: see whether the feed is broken",
		                100 * drift->missing, 100 * drift->missing_reference);
	if (drift->unseen - drift->unseen_reference > 0.05)
		return psprintf("%.1f %% have a value that the model tells from no other: train again",
		                100 * drift->unseen);
	return line->level == CP_ALARM_WARNING ? "watch it" : "find out why, and train again";
}

/* What is to be said where no feature has moved as far. */
static const char *
otherwise_moved(const CpDriftLine *line)
{
	if (strcmp(line->feature, CP_DRIFT_LABEL) == 0)
		return "another share of customers leaves.";
	if (strcmp(line->feature, CP_DRIFT_SCORE) == 0)
		return "scores have moved.";
	return "features go together otherwise than they did.";
}

/* What has moved as far as the level says: features by name, else something of all, else a segment. */
static void
append_moved(StringInfo text, const CpDriftCheck *check)
{
	const char *other = "customers of a segment have changed.";
	int moved = 0;

	for (uint32 i = check->count; i-- > 0;)
		if (check->lines[i].level == check->level && check->lines[i].segment == NULL &&
		    !cp_drift_is_feature(&check->lines[i]))
			other = otherwise_moved(&check->lines[i]);
	for (uint32 i = 0; i < check->count; i++)
		if (check->lines[i].level == check->level && check->lines[i].segment == NULL &&
		    cp_drift_is_feature(&check->lines[i]))
			appendStringInfo(text, "%s%s", moved++ == 0 ? "" : ", ", check->lines[i].feature);
	appendStringInfoString(text, moved == 0 ? other : moved == 1 ? " has moved." : " have moved.");
}

/* A smaller fall is not worth a word. */
#define LEAST_FALL 0.005

static void
append_cost(StringInfo text, const CpDriftCheck *check)
{
	double now = check->expected.auc.value, then = check->trained.metrics.auc;

	if (!check->measured || isnan(now) || isnan(then))
		return;
	if (then - now < LEAST_FALL)
		appendStringInfoString(text, " The AUC is not expected to fall.");
	else
		appendStringInfo(text, " The AUC is expected to fall from %.3f to %.3f.", then, now);
}

const char *
cp_drift_advice(const CpDriftCheck *check, double min_rows)
{
	StringInfoData text;
	bool broken = false;

	if (check->level == CP_ALARM_FEW)
		return psprintf("Too few rows to tell: %.0f are needed on either side.", min_rows);
	if (check->level == CP_ALARM_OK)
		return "Nothing to do: customers look as they did.";
	initStringInfo(&text);
	for (uint32 i = 0; i < check->count; i++)
		broken |= check->lines[i].level == check->level && is_gap(&check->lines[i]);
	/* A model trained on a broken feed is worse than one that is out of date. */
	appendStringInfoString(&text, broken ? "See whether the feed is broken: "
	                              : check->level == CP_ALARM_CRITICAL ? "Train again: "
	                                                                  : "Watch: ");
	append_moved(&text, check);
	append_cost(&text, check);
	return text.data;
}
