/*
 * situation.c: has what this session can see changed since the last query?
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "pg/situation.h"

/*
 * What a session can see: two snapshots with the same of these see the same rows.
 * Between snapshots with equal xmax no transaction can have begun and ended, and
 * those in progress can only have become fewer, so their number says whether one
 * ended. Own changes are told apart by transaction and command number; since a
 * rolled-back subtransaction gives command numbers away again, those are counted.
 * The user stands beside it: the right to a model is looked at again when he changes.
 */
typedef struct Situation
{
	TransactionId xmin;
	TransactionId xmax;
	TransactionId own;
	uint32 in_progress;
	int32 sub_in_progress;
	CommandId command;
	uint64 subtransaction_aborts;
	Oid user;
} Situation;

/* The last one met in this session, and how often it changed: from 1. */
static Situation situation;
static uint64 number = 0;
static uint64 subtransaction_aborts = 0;

static void
count_aborts(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		subtransaction_aborts++;
}

static void
watch_aborts(void)
{
	static bool registered = false;

	if (!registered)
		RegisterSubXactCallback(count_aborts, NULL);
	registered = true;
}

uint64
cp_situation(void)
{
	Snapshot snapshot = GetActiveSnapshot();
	TransactionId own = GetTopTransactionIdIfAny();
	Oid user = GetUserId();

	if (number > 0 && situation.xmin == snapshot->xmin && situation.xmax == snapshot->xmax &&
	    situation.own == own && situation.in_progress == snapshot->xcnt &&
	    situation.sub_in_progress == snapshot->subxcnt && situation.command == snapshot->curcid &&
	    situation.subtransaction_aborts == subtransaction_aborts && situation.user == user)
		return number;
	watch_aborts();
	situation.xmin = snapshot->xmin;
	situation.xmax = snapshot->xmax;
	situation.own = own;
	situation.in_progress = snapshot->xcnt;
	situation.sub_in_progress = snapshot->subxcnt;
	situation.command = snapshot->curcid;
	situation.subtransaction_aborts = subtransaction_aborts;
	situation.user = user;
	return ++number;
}

bool
cp_may_remember(void)
{
	return !IsolationIsSerializable();
}
