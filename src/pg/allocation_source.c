/*
 * allocation_source.c: rows that say what could be done for customers, in any of three forms.
 */
#include "pg/compat.h"

#include <ctype.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "pg/allocation_source.h"
#include "pg/decision_store.h"
#include "pg/json.h"

/* --- columns ------------------------------------------------------------ */

static const char *
raw_text(Datum value, size_t *length)
{
	text *packed = DatumGetTextPP(value);

	*length = VARSIZE_ANY_EXHDR(packed);
	return VARDATA_ANY(packed);
}

static const char *
boolean_text(Datum value, size_t *length)
{
	const char *text = DatumGetBool(value) ? "true" : "false";

	*length = strlen(text);
	return text;
}

static void
find_name_column(CpNameColumn *name, const CpSource *source, int column)
{
	CpColumnReader reader;
	bool is_varlena;
	Oid type;

	name->column = column;
	if (column < 0)
		return;
	type = TupleDescAttr(source->descriptor, column)->atttypid;
	name->type = getBaseType(type);
	getTypeOutputInfo(type, &name->output, &is_varlena);
	if (name->type == TEXTOID || name->type == VARCHAROID)
		name->text = raw_text;
	else if (name->type == BOOLOID)
		name->text = boolean_text;
	else if (name->type == BPCHAROID && cp_column_reader(type, &reader))
		name->text = reader.text;
}

/* The column that an option names, or else the one called so, or -1. */
static int
find_column(const CpSource *source, const char *given, const char *called)
{
	return given != NULL ? cp_source_column(source, given, called)
	                     : cp_find_column(source->descriptor, called);
}

static void
report_no_column(const CpSource *source, const char *what)
{
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the source has no column \"%s\"", what),
	         errdetail("It has the columns: %s.", cp_column_names(source->descriptor)),
	         errhint("Name the column in the options: '{\"%s\": \"...\"}'.", what)));
}

static int
require_column(const CpSource *source, const char *given, const char *called)
{
	int column = find_column(source, given, called);

	if (column < 0)
		report_no_column(source, called);
	return column;
}

static const char *
column_name(const CpSource *source, int column)
{
	return NameStr(TupleDescAttr(source->descriptor, column)->attname);
}

/* The column that the model was told is the id; an empty name when it was told none. */
static const char *
model_id_column(const CpOfferSource *offers)
{
	const char *name = cp_scorer_map(offers->scorer)->roles[CP_ROLE_ID];

	return name == NULL ? "" : name;
}

static void
find_customer_column(CpOfferSource *offers, const CpOfferColumns *columns)
{
	const CpSource *source = &offers->source;
	int column = find_column(source, columns->customer_id, "customer_id");

	if (column < 0 && offers->form == CP_OFFERS_MODEL)
		column = find_column(source, NULL, model_id_column(offers));
	/* In the long form a key is of rows, not of customers. */
	if (column < 0 && offers->form != CP_OFFERS_LONG)
		column = cp_source_key_column(source);
	if (column < 0)
		report_no_column(source, "customer_id");
	find_name_column(&offers->customer_id, source, column);
}

static void
find_number_column(CpSteering *steering, const CpSource *source, const char *given,
                   const char *called)
{
	cp_steer(steering, source, column_name(source, require_column(source, given, called)), called);
	cp_steering_require(steering, source, true, "numbers");
}

/* --- the three forms ---------------------------------------------------- */

static void
open_long(CpOfferSource *offers, const CpOfferColumns *columns)
{
	const CpSource *source = &offers->source;

	find_name_column(&offers->action, source, require_column(source, columns->action, "action"));
	find_name_column(&offers->kind, source, find_column(source, columns->kind, "kind"));
	find_number_column(&offers->value, source, columns->value, "value");
	find_number_column(&offers->cost, source, columns->cost, "cost");
}

static void
open_array(CpOfferSource *offers, int which, const char *given, const char *called)
{
	const CpSource *source = &offers->source;
	int column = require_column(source, given, called);
	Oid type = getBaseType(TupleDescAttr(source->descriptor, column)->atttypid);

	offers->elements[which] = get_element_type(type);
	if (!OidIsValid(offers->elements[which]) ||
	    !cp_column_reader(offers->elements[which], &offers->readers[which]) ||
	    !cp_kind_is_number(offers->readers[which].kind))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\", given as \"%s\", must hold arrays of numbers",
		                       column_name(source, column), called),
		                errdetail("It has type %s.", format_type_be(type))));
	(which == 0 ? &offers->value : &offers->cost)->column = column;
}

/* What the elements of arrays stand for: as told, or the catalogue's actions. */
static List *
array_actions(const CpOfferColumns *columns)
{
	const CpCatalogue *catalogue = &cp_playbook()->catalogue;
	List *actions = NIL;

	if (columns->actions != NIL)
		return columns->actions;
	for (uint32 k = 1; k < catalogue->count; k++)
		actions = lappend(actions, pstrdup(catalogue->actions[k].name));
	return actions;
}

static void
open_wide(CpOfferSource *offers, const CpOfferColumns *columns)
{
	List *actions = array_actions(columns);

	open_array(offers, 0, columns->value, "value");
	open_array(offers, 1, columns->cost, "cost");
	if (columns->kinds != NIL && list_length(columns->kinds) != list_length(actions))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"kinds\" must have an element for each of the \"actions\""),
		                errdetail("There are %d kinds and %d actions.", list_length(columns->kinds),
		                          list_length(actions))));
	offers->nactions = list_length(actions);
	offers->actions = palloc(offers->nactions * sizeof(uint32));
	offers->kinds = palloc(offers->nactions * sizeof(uint32));
	for (uint32 k = 0; k < offers->nactions; k++)
	{
		const char *action = list_nth(actions, k);
		const char *kind = columns->kinds == NIL ? NULL : list_nth(columns->kinds, k);

		offers->actions[k] = cp_limit_book_action(offers->book, action, strlen(action));
		offers->kinds[k] = kind == NULL ? cp_limit_book_kind_of(offers->book, offers->actions[k])
		                                : cp_limit_book_kind(offers->book, kind, strlen(kind));
		for (uint32 other = 0; other < k; other++)
			if (offers->actions[other] == offers->actions[k])
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				                errmsg("action \"%s\" stands twice in \"actions\"", action)));
	}
}

static void
open_model(CpOfferSource *offers, const CpOfferColumns *columns)
{
	const CpCatalogue *catalogue = &cp_playbook()->catalogue;

	offers->policy = columns->policy == NULL ? "auto" : columns->policy;
	offers->nactions = catalogue->count;
	offers->actions = palloc(offers->nactions * sizeof(uint32));
	offers->kinds = palloc(offers->nactions * sizeof(uint32));
	for (uint32 k = 0; k < catalogue->count; k++)
	{
		const CpAction *action = &catalogue->actions[k];
		const char *kind = cp_action_kind_name(action->kind);

		offers->actions[k] = cp_limit_book_action(offers->book, action->name, strlen(action->name));
		offers->kinds[k] = cp_limit_book_kind(offers->book, kind, strlen(kind));
	}
}

static void
report_no_offers(const CpSource *source)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the source has no column \"value\""),
	     errdetail("It has the columns: %s.", cp_column_names(source->descriptor)),
	     errhint(
			 "Name the column in the options, '{\"value\": \"...\"}', or a model that appraises customers, '{\"model\": \"...\"}'.")));
}

/* Arrays say that it is wide. */
static CpOfferForm
form_of(const CpSource *source, const CpOfferColumns *columns)
{
	int column;

	if (columns->model != NULL)
		return CP_OFFERS_MODEL;
	column = find_column(source, columns->value, "value");
	if (column < 0)
		report_no_offers(source);
	return OidIsValid(
			   get_element_type(getBaseType(TupleDescAttr(source->descriptor, column)->atttypid)))
	           ? CP_OFFERS_WIDE
	           : CP_OFFERS_LONG;
}

/* Without what may follow a query, which is nothing within FROM. */
const char *
cp_offer_source_from(const CpOfferSource *offers, const char *text)
{
	size_t length = strlen(text);

	if (OidIsValid(offers->source.relation))
		return offers->source.text;
	while (length > 0 && (isspace((unsigned char) text[length - 1]) || text[length - 1] == ';'))
		length--;
	return psprintf("(%.*s\n)", (int) length, text);
}

static bool
is_whole(const CpNameColumn *name)
{
	return name->type == INT8OID || name->type == INT4OID || name->type == INT2OID;
}

/* A type with a cast of its own to text may look otherwise by its output function. */
const char *
cp_offer_source_name(const CpOfferSource *offers, const CpNameColumn *name)
{
	const char *column = quote_identifier(column_name(&offers->source, name->column));
	bool cast = name->text != NULL || !OidIsValid(get_cast_oid(name->type, TEXTOID, true));

	return psprintf(cast ? "s.%s::text" : "pg_catalog.format('%%s', s.%s)", column);
}

const char *
cp_offer_source_customer(const CpOfferSource *offers)
{
	const CpNameColumn *name = &offers->customer_id;

	if (is_whole(name))
		return psprintf("s.%s", quote_identifier(column_name(&offers->source, name->column)));
	return psprintf("%s COLLATE \"C\"", cp_offer_source_name(offers, name));
}

void
cp_report_other_rows(const char *why)
{
	ereport(ERROR,
	        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	         errmsg("the source gave other rows when it was read again"), errdetail("%s", why),
	         errhint("Order the source, and leave random functions out of it.")));
}

/* Open it again with the rows of a customer together. */
static void
reopen_in_order(CpOfferSource *offers, const char *text, const CpOfferColumns *columns)
{
	const char *query;

	find_customer_column(offers, columns);
	query = psprintf("SELECT s.* FROM %s AS s ORDER BY %s", cp_offer_source_from(offers, text),
	                 cp_offer_source_customer(offers));
	cp_source_close(&offers->source);
	cp_source_open(&offers->source, query);
}

void
cp_offer_source_open(CpOfferSource *offers, const char *text, const CpOfferColumns *columns,
                     CpLimitBook *book, bool in_order)
{
	memset(offers, 0, sizeof(*offers));
	offers->book = book;
	cp_source_open(&offers->source, text);
	offers->form = form_of(&offers->source, columns);
	if (offers->form == CP_OFFERS_MODEL)
		offers->scorer = cp_scorer_make(columns->model);
	if (in_order && offers->form == CP_OFFERS_LONG)
		reopen_in_order(offers, text, columns);
	find_customer_column(offers, columns);
	find_name_column(&offers->action, &offers->source, -1);
	find_name_column(&offers->kind, &offers->source, -1);
	find_name_column(&offers->segment, &offers->source,
	                 book->by_segment ? require_column(&offers->source, columns->segment, "segment")
	                                  : -1);
	if (offers->form == CP_OFFERS_LONG)
		open_long(offers, columns);
	else if (offers->form == CP_OFFERS_WIDE)
		open_wide(offers, columns);
	else
		open_model(offers, columns);
	offers->columns = palloc(offers->source.descriptor->natts * sizeof(Datum));
	offers->nulls = palloc(offers->source.descriptor->natts * sizeof(bool));
	offers->rising = true;
	offers->heed_control = !columns->all;
	cp_holdout_in_force(&offers->holdout);
	offers->row_memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent allocation row",
	                                           ALLOCSET_DEFAULT_SIZES);
}

void
cp_offer_source_close(CpOfferSource *offers)
{
	MemoryContextDelete(offers->row_memory);
	cp_source_close(&offers->source);
}

/* --- a row -------------------------------------------------------------- */

static Datum
column_value(const CpOfferSource *offers, int column, bool *isnull)
{
	*isnull = offers->nulls[column];
	return offers->columns[column];
}

/* The text of a name, which must not be NULL. */
static const char *
read_name(const CpOfferSource *offers, const CpNameColumn *name, size_t *length)
{
	bool isnull;
	Datum value = column_value(offers, name->column, &isnull);
	char *text;

	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("column \"%s\" must not be NULL",
		                       column_name(&offers->source, name->column))));
	if (name->text != NULL)
		return name->text(value, length);
	text = OidOutputFunctionCall(name->output, value);
	*length = strlen(text);
	return text;
}

static void
read_customer(CpOfferSource *offers)
{
	const CpNameColumn *name = &offers->customer_id;
	CpCustomerId *id = &offers->row.customer;
	bool isnull;
	Datum value;

	id->text = NULL;
	if (!is_whole(name))
	{
		id->text = read_name(offers, name, &id->length);
		return;
	}
	value = column_value(offers, name->column, &isnull);
	if (isnull)
		(void) read_name(offers, name, &id->length);
	id->number = name->type == INT8OID   ? DatumGetInt64(value)
	             : name->type == INT4OID ? DatumGetInt32(value)
	                                     : DatumGetInt16(value);
}

/* Remember the customer for the row that follows. */
static void
keep_last(CpOfferSource *offers)
{
	offers->last = offers->row.customer;
	offers->met_any = true;
	if (offers->last.text == NULL)
		return;
	if (offers->last_room < offers->last.length)
	{
		offers->last_room = offers->last.length * 2;
		offers->last_text =
			MemoryContextAlloc(MemoryContextGetParent(offers->row_memory), offers->last_room);
	}
	memcpy(offers->last_text, offers->last.text, offers->last.length);
	offers->last.text = offers->last_text;
}

static void
set_control(CpOfferSource *offers)
{
	CpOfferRow *row = &offers->row;
	int order = offers->met_any ? cp_customer_ids_compare(&offers->last, &row->customer) : -1;

	row->first = order != 0;
	if (!row->first)
		return;
	offers->rising &= order < 0;
	row->control = offers->heed_control && offers->holdout.share > 0 &&
	               cp_holdout_has(&offers->holdout, cp_customer_id_text(&row->customer));
	keep_last(offers);
}

static void
report_number(const CpOfferSource *offers, const char *what, uint32 action, double number,
              bool isnull)
{
	size_t length;
	const char *name = cp_dictionary_text(&offers->book->actions, action, &length);

	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         strcmp(what, "value") == 0 ? errmsg("a value must be a finite number")
	                                    : errmsg("a cost must be a finite number, 0 or more"),
	         errdetail("Of action \"%.*s\" for customer \"%s\" it is %s.", (int) length, name,
	                   cp_customer_id_text(&offers->row.customer),
	                   isnull ? "NULL" : cp_shortest(number))));
}

static void
add_option(CpOfferSource *offers, uint32 action, uint32 kind, uint32 segment, double value,
           double cost)
{
	CpOfferRow *row = &offers->row;

	if (!isfinite(value))
		report_number(offers, "value", action, value, false);
	if (!(isfinite(cost) && cost >= 0))
		report_number(offers, "cost", action, cost, false);
	row->classes[row->count] = cp_limit_book_class(offers->book, action, kind, segment);
	row->values[row->count] = value;
	row->costs[row->count++] = cost;
}

static void
make_room(CpOfferSource *offers, uint32 options)
{
	MemoryContext caller;

	offers->row.count = 0;
	if (options <= offers->room)
		return;
	caller = MemoryContextSwitchTo(MemoryContextGetParent(offers->row_memory));
	offers->row.classes = palloc(options * sizeof(uint16));
	offers->row.values = palloc(options * sizeof(double));
	offers->row.costs = palloc(options * sizeof(double));
	offers->room = options;
	MemoryContextSwitchTo(caller);
}

static uint32
read_segment(const CpOfferSource *offers)
{
	const CpNameColumn *segment = &offers->segment;
	size_t length;
	const char *text;

	if (segment->column < 0 || offers->nulls[segment->column])
		return 0;
	text = read_name(offers, segment, &length);
	return cp_limit_book_segment(offers->book, text, length);
}

/* The kind of an action where the source has none, looked up once. */
static uint32
known_kind(CpOfferSource *offers, uint32 action)
{
	if (action >= offers->kind_of_count)
	{
		uint32 count = Max(action + 1, offers->kind_of_count * 2 + 16);
		int64 *kinds =
			MemoryContextAlloc(MemoryContextGetParent(offers->row_memory), count * sizeof(int64));

		for (uint32 a = 0; a < count; a++)
			kinds[a] = a < offers->kind_of_count ? offers->kind_of[a] : -1;
		offers->kind_of = kinds;
		offers->kind_of_count = count;
	}
	if (offers->kind_of[action] < 0)
		offers->kind_of[action] = cp_limit_book_kind_of(offers->book, action);
	return (uint32) offers->kind_of[action];
}

static double
read_number(const CpOfferSource *offers, const CpSteering *steering, const char *what,
            uint32 action)
{
	bool isnull;
	Datum value = column_value(offers, steering->column, &isnull);

	if (isnull)
		report_number(offers, what, action, 0, true);
	return steering->reader.number(value);
}

static void
read_long(CpOfferSource *offers)
{
	size_t length;
	const char *text = read_name(offers, &offers->action, &length);
	uint32 action = cp_limit_book_action(offers->book, text, length);
	uint32 kind;

	make_room(offers, 1);
	if (offers->kind.column < 0)
		kind = known_kind(offers, action);
	else
	{
		text = read_name(offers, &offers->kind, &length);
		kind = cp_limit_book_kind(offers->book, text, length);
	}
	add_option(offers, action, kind, read_segment(offers),
	           read_number(offers, &offers->value, "value", action),
	           read_number(offers, &offers->cost, "cost", action));
}

/* An array's elements as doubles, nulls where they are NULL; an error when there are too many. */
static uint32
read_array(const CpOfferSource *offers, int which, double **numbers, bool **nulls)
{
	int column = which == 0 ? offers->value.column : offers->cost.column;
	bool isnull;
	Datum value = column_value(offers, column, &isnull);
	ArrayType *array;
	Datum *elements;
	int16 length;
	bool by_value;
	char align;
	int count = 0;

	*numbers = NULL;
	*nulls = NULL;
	if (isnull)
		return 0;
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("an array of \"%s\" has more than one dimension",
		                       column_name(&offers->source, column)),
		                errdetail("It is that of customer \"%s\".",
		                          cp_customer_id_text(&offers->row.customer))));
	get_typlenbyvalalign(offers->elements[which], &length, &by_value, &align);
	deconstruct_array(array, offers->elements[which], length, by_value, align, &elements, nulls,
	                  &count);
	if (count > (int) offers->nactions)
		ereport(
			ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		     errmsg("an array of \"%s\" has %d elements for %u actions",
		            column_name(&offers->source, column), count, offers->nactions),
		     errdetail("It is that of customer \"%s\".",
		               cp_customer_id_text(&offers->row.customer)),
		     errhint(
				 "Name what the elements stand for, as in: '{\"actions\": [\"discount_10\", \"offer\"]}'.")));
	*numbers = palloc(count * sizeof(double));
	for (int k = 0; k < count; k++)
		(*numbers)[k] = (*nulls)[k] ? NAN : offers->readers[which].number(elements[k]);
	return (uint32) count;
}

static void
read_wide(CpOfferSource *offers)
{
	double *values;
	double *costs;
	bool *no_value;
	bool *no_cost;
	uint32 nvalues = read_array(offers, 0, &values, &no_value);
	uint32 ncosts = read_array(offers, 1, &costs, &no_cost);
	uint32 segment = read_segment(offers);

	if (nvalues != ncosts)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("a customer must have as many values as costs"),
		                errdetail("Customer \"%s\" has %u and %u.",
		                          cp_customer_id_text(&offers->row.customer), nvalues, ncosts)));
	make_room(offers, offers->nactions);
	for (uint32 k = 0; k < nvalues; k++)
	{
		if (no_value[k] && no_cost[k])
			continue;
		if (no_value[k] || no_cost[k])
			report_number(offers, no_value[k] ? "value" : "cost", offers->actions[k], 0, true);
		add_option(offers, offers->actions[k], offers->kinds[k], segment, values[k], costs[k]);
	}
}

static void
read_model(CpOfferSource *offers, HeapTuple tuple)
{
	CpAdvice *advice = &offers->advice;
	uint32 segment = read_segment(offers);
	CpContact contact;
	double charge;
	double probability = cp_scorer_tuple(offers->scorer, tuple, offers->source.descriptor, &charge);

	make_room(offers, offers->nactions);
	cp_advice_begin(advice, offers->scorer, offers->policy, probability, charge);
	cp_contact_look(cp_customer_id_text(&offers->row.customer), &contact);
	cp_advice_weigh(advice, offers->scorer, &contact,
	                cp_contact_reason(&contact) == CP_CONTACT_FREE);
	for (uint32 k = 1; k < offers->nactions; k++)
		if (advice->one.mask >> k & 1)
			add_option(offers, offers->actions[k], offers->kinds[k], segment,
			           advice->appraisal.value[k] - advice->appraisal.cost[k],
			           advice->appraisal.cost[k]);
}

const CpOfferRow *
cp_offer_source_next(CpOfferSource *offers)
{
	HeapTuple tuple = cp_source_next(&offers->source);
	MemoryContext caller;

	if (tuple == NULL)
		return NULL;
	MemoryContextReset(offers->row_memory);
	caller = MemoryContextSwitchTo(offers->row_memory);
	heap_deform_tuple(tuple, offers->source.descriptor, offers->columns, offers->nulls);
	read_customer(offers);
	set_control(offers);
	if (offers->form == CP_OFFERS_LONG)
		read_long(offers);
	else if (offers->form == CP_OFFERS_WIDE)
		read_wide(offers);
	else
		read_model(offers, tuple);
	MemoryContextSwitchTo(caller);
	return &offers->row;
}
