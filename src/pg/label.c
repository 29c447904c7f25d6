/*
 * label.c: what in the label column means that a customer left.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/label.h"

static bool
means_churned(const char *text)
{
	static const char *const words[] = {"true", "1", "yes", "y", "t", "churn", "churned"};

	for (size_t i = 0; i < lengthof(words); i++)
		if (pg_strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

void
cp_label_init(CpLabelReader *label, const char *column, Oid type, const char *positive)
{
	bool is_varlena;

	memset(label, 0, sizeof(*label));
	label->memory = CurrentMemoryContext;
	label->column = column;
	label->positive = positive;
	label->readable = cp_column_reader(type, &label->reader);
	getTypeOutputInfo(type, &label->output, &is_varlena);
	if (positive == NULL && (!label->readable || (label->reader.number != NULL &&
	                                              !cp_kind_is_number(label->reader.kind) &&
	                                              label->reader.kind != CP_BOOLEAN)))
		ereport(
			ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
		     errmsg("label column \"%s\" of type %s cannot say who churned", column,
		            format_type_be(type)),
		     errhint(
				 "Use a boolean, a number 0 or 1, or a text, or name the value that means churned in the option \"positive\".")));
}

static void
report_ambiguous(const CpLabelReader *label, const char *third)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("label column \"%s\" does not say which value means churned", label->column),
	         third != NULL
	             ? errdetail("It holds more than two values, \"%s\", \"%s\" and \"%s\" among them.",
	                         label->values[0], label->values[1], third)
	         : label->nvalues == 2
	             ? errdetail("It holds \"%s\" and \"%s\".", label->values[0], label->values[1])
	             : errdetail("It holds only \"%s\".", label->values[0]),
	         errhint("Name the value that means churned in the option \"positive\".")));
}

/* A text without "positive": one of two values, remembered with what they mean. */
static bool
churned_by_text(CpLabelReader *label, const char *text, size_t length)
{
	MemoryContext caller;
	char *copy;

	for (int i = 0; i < label->nvalues; i++)
		if (strlen(label->values[i]) == length &&
		    pg_strncasecmp(label->values[i], text, length) == 0)
			return label->churned[i];
	if (label->nvalues == 2)
		report_ambiguous(label, pnstrdup(text, length));
	/* The current context may be reset row by row. */
	caller = MemoryContextSwitchTo(label->memory);
	copy = pnstrdup(text, length);
	MemoryContextSwitchTo(caller);
	label->values[label->nvalues] = copy;
	label->churned[label->nvalues] = means_churned(copy);
	label->met_positive |= label->churned[label->nvalues];
	return label->churned[label->nvalues++];
}

/* As text, without trailing blanks; a boolean by its long name too. */
static bool
churned_by_positive(CpLabelReader *label, Datum value)
{
	char *text = OidOutputFunctionCall(label->output, value);
	size_t length = strlen(text);
	bool churned;

	while (length > 0 && text[length - 1] == ' ')
		length--;
	churned = strlen(label->positive) == length && memcmp(text, label->positive, length) == 0;
	if (label->readable && label->reader.kind == CP_BOOLEAN)
		churned |= strcmp(DatumGetBool(value) ? "true" : "false", label->positive) == 0;
	label->met_positive |= churned;
	return churned;
}

bool
cp_label_churned(CpLabelReader *label, Datum value)
{
	double number;

	if (label->positive != NULL)
		return churned_by_positive(label, value);
	if (label->reader.text != NULL)
	{
		size_t length;
		const char *text = label->reader.text(value, &length);

		return churned_by_text(label, text, length);
	}
	number = label->reader.number(value);
	if (number != 0 && number != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("label column \"%s\" holds %g, which is neither 0 nor 1",
		                       label->column, number),
		                errhint("Name the value that means churned in the option \"positive\".")));
	return number == 1;
}

const char *
cp_label_positive(const CpLabelReader *label)
{
	if (label->positive != NULL)
		return label->positive;
	for (int i = 0; i < label->nvalues; i++)
		if (label->churned[i])
			return label->values[i];
	return NULL;
}

const char *
cp_label_positive_for(Oid type, const char *positive)
{
	CpColumnReader reader;
	bool flag;
	char *end;

	if (positive == NULL || !cp_column_reader(type, &reader))
		return positive;
	if (reader.kind == CP_BOOLEAN && !parse_bool(positive, &flag))
		return NULL;
	if (cp_kind_is_number(reader.kind) && (strtod(positive, &end), *end != '\0'))
		return NULL;
	return positive;
}

void
cp_label_finish(const CpLabelReader *label)
{
	if (label->met_positive)
		return;
	if (label->positive != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("no row has the label \"%s\"", label->positive),
		         errdetail("The option \"positive\" names it, but column \"%s\" never holds it.",
		                   label->column)));
	if (label->nvalues > 0)
		report_ambiguous(label, NULL);
}
