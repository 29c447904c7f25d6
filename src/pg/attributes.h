/*
 * attributes.h: rules over attributes that come as a JSON object.
 */
#ifndef CP_ATTRIBUTES_H
#define CP_ATTRIBUTES_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "decide/rule.h"

/*
 * Does the rule hold? Attributes are numbers, booleans and texts; who has null for one that the
 * rule names does not qualify. An error when one is missing or of another kind than the rule
 * takes it for.
 */
extern bool cp_attributes_hold(CpRule *rule, Jsonb *attributes);

#endif
