/*
 * source.c: rows of a table, view or query, read in batches.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "executor/spi_priv.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "pg/features.h"
#include "pg/source.h"

#define BATCH_ROWS 1000

/* Behind blanks, opening brackets and comments. */
static const char *
skip_to_word(const char *text)
{
	for (;;)
	{
		while (isspace((unsigned char) *text) || *text == '(')
			text++;
		if (text[0] == '-' && text[1] == '-')
			text += strcspn(text, "\n");
		else if (text[0] == '/' && text[1] == '*' && strstr(text + 2, "*/") != NULL)
			text = strstr(text + 2, "*/") + 2;
		else
			return text;
	}
}

static bool
is_query(const char *text)
{
	static const char *const words[] = {"select", "with", "values", "table"};
	size_t length = 0;

	while (isalnum((unsigned char) text[length]) || text[length] == '_')
		length++;
	for (size_t i = 0; i < lengthof(words); i++)
		if (strlen(words[i]) == length && pg_strncasecmp(text, words[i], length) == 0)
			return true;
	return false;
}

static void
report_neither(const char *text)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("the source is neither the name of a table nor a query"),
	                errdetail("It is: %s", text),
	                errhint("A query begins with SELECT, WITH, VALUES or TABLE.")));
}

/* SELECT from a table or view that is named. */
static char *
query_of_name(CpSource *source, const char *text)
{
	List *names;
	char *copy = pstrdup(text);

	if (!SplitIdentifierString(copy, '.', &names) || names == NIL)
		report_neither(text);
	source->relation = RangeVarGetRelid(
		makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(text))), NoLock, true);
	if (!OidIsValid(source->relation))
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"%s\" does not exist", text),
		     errhint(
				 "The source is a table, a view, or a query that begins with SELECT, WITH, VALUES or TABLE.")));
	source->text = quote_qualified_identifier(
		get_namespace_name(get_rel_namespace(source->relation)), get_rel_name(source->relation));
	return psprintf("SELECT * FROM %s", source->text);
}

/* Does a query, or one within it, lock rows? */
static bool
locks_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return ((Query *) node)->rowMarks != NIL ||
		       query_tree_walker((Query *) node, locks_rows, context, 0);
	return expression_tree_walker(node, locks_rows, context);
}

/* Is the plan one SELECT that neither writes nor locks? */
static bool
only_reads(SPIPlanPtr plan)
{
	List *sources = SPI_plan_get_plan_sources(plan);
	Query *query;

	if (list_length(sources) != 1 ||
	    list_length(((CachedPlanSource *) linitial(sources))->query_list) != 1)
		return false;
	query = linitial(((CachedPlanSource *) linitial(sources))->query_list);
	return query->commandType == CMD_SELECT && query->utilityStmt == NULL &&
	       !query->hasModifyingCTE && !locks_rows((Node *) query, NULL);
}

/* The text as a query, and what it names when that is a relation. */
static const char *
query_of(CpSource *source, const char *text)
{
	const char *start = skip_to_word(text);

	memset(source, 0, sizeof(*source));
	source->text = pstrdup(text);
	if (*start == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the source is empty"),
		                errhint("Give the name of a table or view, or a query.")));
	return is_query(start) ? text : query_of_name(source, text);
}

char *
cp_source_item(const char *text)
{
	CpSource source;
	const char *query = query_of(&source, text);
	int length = strlen(query);

	while (length > 0 && (isspace((unsigned char) query[length - 1]) || query[length - 1] == ';'))
		length--;
	/* A line of its own for the bracket: the query may end in a comment. */
	return psprintf("(%.*s\n) AS source", length, query);
}

void
cp_source_open(CpSource *source, const char *text)
{
	const char *query = query_of(source, text);
	SPIPlanPtr plan;

	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_NO_SCROLL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	if (!only_reads(plan))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the source must be one query that only reads"),
		                errdetail("It writes, locks rows, or holds several statements.")));
	source->guc_level = NewGUCNestLevel();
	(void) set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION,
	                         GUC_ACTION_SAVE, true, 0, false);
	source->portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	source->descriptor = source->portal->tupDesc;
	if (source->descriptor == NULL || source->descriptor->natts == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the source has no columns")));
}

HeapTuple
cp_source_next(CpSource *source)
{
	if (source->next >= source->count)
	{
		SPI_freetuptable(source->batch);
		SPI_cursor_fetch(source->portal, true, BATCH_ROWS);
		source->batch = SPI_tuptable;
		source->count = SPI_processed;
		source->next = 0;
		if (source->count == 0)
			return NULL;
	}
	return source->batch->vals[source->next++];
}

void
cp_source_close(CpSource *source)
{
	SPI_freetuptable(source->batch);
	SPI_cursor_close(source->portal);
	AtEOXact_GUC(true, source->guc_level);
}

int
cp_source_column(const CpSource *source, const char *name, const char *option)
{
	int column = cp_find_column(source->descriptor, name);

	if (column < 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("column \"%s\" does not exist in the source", name),
		                errdetail("It was given as \"%s\". The source has the columns: %s.", option,
		                          cp_column_names(source->descriptor))));
	return column;
}

int
cp_source_key_column(const CpSource *source)
{
	Relation relation;
	Bitmapset *key;
	int attribute = 0;

	if (!OidIsValid(source->relation))
		return -1;
	relation = relation_open(source->relation, AccessShareLock);
	key = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	if (!bms_get_singleton_member(key, &attribute))
		attribute = FirstLowInvalidHeapAttributeNumber;
	relation_close(relation, NoLock);
	attribute += FirstLowInvalidHeapAttributeNumber;
	if (attribute <= 0)
		return -1;
	return cp_find_column(source->descriptor, get_attname(source->relation, attribute, false));
}
