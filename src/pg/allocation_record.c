/*
 * allocation_record.c: an allocation carried into the log of decisions.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "num/hash.h"
#include "pg/allocation_record.h"
#include "pg/decision_store.h"
#include "pg/store.h"

#define STRATEGY "allocation"

static char *
decision_key(const CpExploration *exploration, const char *customer_id)
{
	return exploration->key == NULL ? cp_decision_default_key(customer_id, STRATEGY)
	                                : psprintf("%s/" STRATEGY "/%s", customer_id, exploration->key);
}

/* 64 bits nobody can steer by choosing an id or a key. */
static uint64
draw_bits(const CpExploration *exploration, const char *customer_id)
{
	const char *key = decision_key(exploration, customer_id);
	StringInfoData about;

	initStringInfo(&about);
	appendStringInfo(&about, "%s%c%s", customer_id, '\0', key);
	return cp_siphash(exploration->holdout.salt, about.data, about.len);
}

/* --- exploring ---------------------------------------------------------- */

void
cp_exploration_init(CpExploration *exploration, CpBridge *bridge, double epsilon, const char *key)
{
	memset(exploration, 0, sizeof(*exploration));
	exploration->bridge = bridge;
	exploration->epsilon = epsilon;
	exploration->key = key;
	cp_holdout_in_force(&exploration->holdout);
}

/* The position that is drawn when each of the mask is as likely. */
static uint32
draw_evenly(uint32 mask, uint64 bits)
{
	double pmf[CP_MAX_ACTIONS] = {0};
	uint32 open = pg_popcount((const char *) &mask, sizeof(mask));

	for (uint32 k = 0; k < CP_MAX_ACTIONS; k++)
		if (mask >> k & 1)
			pmf[k] = 1.0 / open;
	return cp_draw(pmf, CP_MAX_ACTIONS, (double) (bits >> 11) * 0x1p-53);
}

/* The option of the row that stands for a position: rows have those of the mask, in order. */
static uint32
option_at(uint32 mask, uint32 position)
{
	uint32 before = mask & ~1U & ((UINT32_C(1) << position) - 1);

	return pg_popcount((const char *) &before, sizeof(before));
}

bool
cp_explore(CpExploration *exploration, const CpOfferSource *source, uint32 number)
{
	uint64 bits = draw_bits(exploration, cp_customer_id_text(&source->row.customer));
	uint32 mask = source->advice.one.mask;
	CpExplorer *explorer;

	if (!((double) (bits >> 11) * 0x1p-53 < exploration->epsilon))
		return false;
	if (exploration->count == exploration->capacity)
	{
		exploration->capacity = exploration->capacity * 2 + 256;
		cp_bridge_check(exploration->bridge,
		                cp_resize(&exploration->bridge->context, &exploration->explorers,
		                          exploration->capacity, sizeof(CpExplorer)),
		                NULL);
	}
	explorer = &exploration->explorers[exploration->count++];
	memset(explorer, 0, sizeof(*explorer));
	explorer->number = number;
	explorer->position = draw_evenly(mask, cp_hash_mix(bits));
	if (explorer->position > 0)
	{
		uint32 option = option_at(mask, explorer->position);

		explorer->class = source->row.classes[option];
		explorer->value = source->row.values[option];
		explorer->cost = source->row.costs[option];
	}
	return true;
}

void
cp_exploration_reserve(CpExploration *exploration, CpLimitBook *book)
{
	double max_cost = 0;
	CpTally tally;

	for (uint32 e = 0; e < exploration->count; e++)
		max_cost = Max(max_cost, exploration->explorers[e].cost);
	cp_tally_init(&tally, &book->limits, max_cost);
	for (uint32 e = 0; e < exploration->count; e++)
	{
		CpExplorer *explorer = &exploration->explorers[e];

		if (explorer->position == 0)
			continue;
		explorer->refused = !cp_tally_fits(&tally, explorer->class, explorer->cost, CP_SHARE_UNITS);
		if (explorer->refused)
			continue;
		cp_tally_add(&tally, explorer->class, explorer->cost, CP_SHARE_UNITS);
		exploration->value += explorer->value;
		exploration->acted++;
	}
	for (uint32 r = 0; r < book->limits.count; r++)
	{
		exploration->used[r] = cp_tally_used(&tally, r);
		book->limits.limits[r].bound = Max(book->limits.limits[r].bound - exploration->used[r], 0);
	}
}

void
cp_exploration_run(const CpExploration *exploration, CpExplorerVisit visit, void *visitor)
{
	for (uint32 e = 0; e < exploration->count; e++)
		if (exploration->explorers[e].position > 0 && !exploration->explorers[e].refused)
			visit(visitor, &exploration->explorers[e]);
}

/* --- recording ---------------------------------------------------------- */

typedef struct Recording
{
	CpOfferSource source;
	CpLimitBook *book;
	const CpCustomerIds *ids;
	const CpExploration *exploration;
	CpClassPrices *prices;
	uint8 *assigned;    /* [customers] position that the plan gives */
	uint8 *position_of; /* [classes] */
	uint32 next_explorer;
	uint32 number; /* of the customer that comes next */
} Recording;

static CpStatus
note_option(void *visitor, const CpBlock *block, uint32 i, uint32 option, int64 units)
{
	Recording *recording = visitor;

	recording->assigned[block->number[i]] = recording->position_of[block->classes[option]];
	return CP_OK;
}

/* What the plan would have given an explorer: what is best at its prices. */
static uint32
best_position(const Recording *recording)
{
	const CpOfferRow *row = &recording->source.row;
	uint32 best_position = 0;
	double best = 0;

	for (uint32 k = 0; k < row->count; k++)
	{
		double reduced =
			cp_reduced_value(recording->prices, 1, row->classes[k], row->values[k], row->costs[k]);

		if (reduced > best)
		{
			best = reduced;
			best_position = recording->position_of[row->classes[k]];
		}
	}
	return best_position;
}

/* Draw or take what the plan gives, and say with what probability. */
static void
set_choice(Recording *recording, CpAdvice *advice, CpLogEntry *entry)
{
	const CpExploration *exploration = recording->exploration;
	uint32 mask = advice->one.mask;
	uint32 open = pg_popcount((const char *) &mask, sizeof(mask));
	uint32 number = recording->number;
	uint32 planned = recording->assigned[number];

	advice->drawn = planned;
	if (recording->next_explorer < exploration->count &&
	    exploration->explorers[recording->next_explorer].number == number)
	{
		const CpExplorer *explorer = &exploration->explorers[recording->next_explorer++];

		planned = best_position(recording);
		advice->drawn = explorer->position;
		entry->refused = explorer->refused;
		if (explorer->refused)
			entry->reason = "limit";
	}
	for (uint32 k = 0; k < advice->playbook->catalogue.count; k++)
		advice->pmf[k] = (mask >> k & 1 ? exploration->epsilon / open : 0) +
		                 (k == planned ? 1 - exploration->epsilon : 0);
	entry->propensity = exploration->epsilon > 0 ? "allocation" : "deterministic";
}

/* Keep that it is done; false when somebody else was first and it has to be looked at again. */
static bool
book_contact(CpAdvice *advice, CpLogEntry *entry)
{
	CpContact contact;
	bool locked;
	CpContactReason obstacle;

	if (advice->drawn == 0 || entry->refused)
		return true;
	locked = cp_contact_lock(entry->customer_id, &contact);
	obstacle = cp_contact_reason(&contact);
	if (obstacle != CP_CONTACT_FREE)
	{
		entry->refused = true;
		entry->reason = cp_contact_reason_name(obstacle);
		return true;
	}
	cp_contact_book(&contact, cp_advice_action(advice), advice->playbook->cooldowns[advice->drawn]);
	return cp_contact_store(entry->customer_id, &contact, locked);
}

/* Nothing is done for customers of the control group, with certainty. */
static void
set_control(CpAdvice *advice, CpLogEntry *entry)
{
	entry->control = true;
	entry->reason = "hold-out";
	entry->propensity = "deterministic";
	advice->one.mask = 1;
	memset(advice->pmf, 0, sizeof(advice->pmf));
	advice->pmf[0] = 1;
	advice->drawn = 0;
}

/* The customer at hand must be the one that the plan has under the number. */
static void
check_same(const Recording *recording, const char *customer_id)
{
	if (recording->number >= recording->ids->count ||
	    strcmp(cp_customer_name(recording->ids, recording->number), customer_id) != 0)
		cp_report_other_rows("To record decisions it is read twice, in one order.");
}

/* Limits are shared: who was decided about under another plan cannot be left as they are. */
static void
report_decided(const CpLogEntry *entry)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_UNIQUE_VIOLATION),
	     errmsg("customer \"%s\" has already been decided about under this key",
	            entry->customer_id),
	     errdetail("The key is \"%s\".", entry->key),
	     errhint(
			 "Another \"key\" plans anew; \"already_spent\" says what is gone of the limits.")));
}

static void
record_row(Recording *recording)
{
	CpOfferSource *source = &recording->source;
	CpAdvice *advice = &source->advice;
	CpLogEntry entry = {.customer_id = cp_customer_id_text(&source->row.customer)};
	CpElevation elevation;
	CpEarlier earlier;

	entry.key = decision_key(recording->exploration, entry.customer_id);
	entry.model = cp_scorer_ref(source->scorer);
	entry.vector = cp_scorer_vector(source->scorer);
	entry.nfeatures = cp_scorer_map(source->scorer)->count;
	entry.bits = draw_bits(recording->exploration, entry.customer_id);
	if (source->row.control)
		set_control(advice, &entry);
	else
	{
		check_same(recording, entry.customer_id);
		set_choice(recording, advice, &entry);
		recording->number++;
	}
	cp_elevate(&elevation);
	if (!cp_decision_take_key(&entry, STRATEGY, &earlier))
		report_decided(&entry);
	while (!book_contact(advice, &entry))
		;
	cp_decision_insert(&entry, advice);
	cp_descend(&elevation);
}

static void
record_rows(Recording *recording)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent decisions",
	                                             ALLOCSET_DEFAULT_SIZES);

	while (cp_offer_source_next(&recording->source) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(memory);

		CHECK_FOR_INTERRUPTS();
		record_row(recording);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(memory);
	}
	MemoryContextDelete(memory);
}

void
cp_allocation_record(const char *text, const CpOfferColumns *columns, CpLimitBook *book,
                     const CpPlan *plan, const CpScan *scan, const CpCustomerIds *ids,
                     const CpExploration *exploration)
{
	Recording recording = {.book = book, .ids = ids, .exploration = exploration};
	CpBridge *bridge = exploration->bridge;

	cp_offer_source_open(&recording.source, text, columns, book, false);
	recording.prices = palloc(sizeof(CpClassPrices));
	cp_limits_price(&book->limits, plan->prices, recording.prices);
	recording.position_of = palloc(book->limits.nclasses * sizeof(uint8));
	for (uint32 class = 0; class < book->limits.nclasses; class ++)
		for (uint32 k = 0; k < recording.source.nactions; k++)
			if (recording.source.actions[k] == book->class_action[class])
				recording.position_of[class] = (uint8) k;
	cp_bridge_check(bridge, cp_alloc_zero(&bridge->context, &recording.assigned, ids->count, 1),
	                NULL);
	cp_bridge_check(bridge, cp_plan_run(plan, scan, &book->limits, note_option, &recording), NULL);
	record_rows(&recording);
	cp_offer_source_close(&recording.source);
}
