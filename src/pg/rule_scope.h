/*
 * rule_scope.h: the features of a model, as rules ask for them.
 */
#ifndef CP_RULE_SCOPE_H
#define CP_RULE_SCOPE_H

#include "decide/rule.h"
#include "learn/featuremap.h"

/* The scope looks into the map, which must outlive it. */
extern void cp_rule_scope(const CpFeatureMap *map, CpRuleScope *scope);

#endif
