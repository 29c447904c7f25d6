/*
 * playbook.h: the actions and policies in force, loaded.
 *
 * Which version is in force is asked under the active snapshot whenever what a session sees
 * has changed (situation.h), so an edit reaches warm sessions with its commit; what a version
 * says never changes and is kept from then on.
 */
#ifndef CP_PLAYBOOK_H
#define CP_PLAYBOOK_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "decide/policy.h"
#include "decide/world.h"
#include "learn/featuremap.h"

/* A version of churnprevent.catalogue. */
typedef struct CpPlaybook
{
	Oid table;
	int32 version;
	TimestampTz created_at; /* of the one in force */
	MemoryContext memory;
	CpCatalogue catalogue;
	CpRule *rules[CP_MAX_ACTIONS];    /* [catalogue.count] NULL = everybody */
	char *rule_texts[CP_MAX_ACTIONS]; /* as written */
	double cooldowns[CP_MAX_ACTIONS]; /* [catalogue.count] days */
	CpWorld world;                    /* codes dynamic states */
	int64 bound_to;                   /* model_id whose features the rules are tied to, 0 = none */
} CpPlaybook;

/* The catalogue in force. Valid until the next call. */
extern CpPlaybook *cp_playbook(void);

/* A version of it that was in force once, in a memory context below the current one. */
extern CpPlaybook *cp_playbook_version(int32 version);

/*
 * Positions whose rules hold of a feature vector of that model; bit 0 is always set. An error
 * that names rule and feature when a rule does not fit the model.
 */
extern uint32 cp_playbook_eligible(CpPlaybook *playbook, const CpFeatureMap *map, int64 model_id,
                                   const char *model_name, const double *vector);

/* Warn of rules that do not fit a model, before anybody decides with it. */
extern void cp_playbook_try(const CpFeatureMap *map, const char *model_name);

/* The last version of a policy, for the actions of a catalogue. */
typedef struct CpPolicyInForce
{
	char *name;
	int32 policy_id;
	int32 version;
	CpMethod method;
	CpResponse response; /* by positions of the playbook asked with */
} CpPolicyInForce;

/*
 * The policy of that name, or of the one that "auto" stands for; an error that lists the known
 * ones when there is none. Valid until the next call.
 */
extern const CpPolicyInForce *cp_policy_in_force(const char *name, const CpPlaybook *playbook);

/* A response as policies store it, and back for the actions of a catalogue: others have their priors. */
extern Jsonb *cp_response_json(const CpCatalogue *catalogue, const CpResponse *response);
extern void cp_response_of_json(Jsonb *parameters, const CpCatalogue *catalogue,
                                CpResponse *response);

/* The control group. */
typedef struct CpHoldout
{
	double share;
	uint64 salt[2];
} CpHoldout;

extern void cp_holdout_in_force(CpHoldout *holdout);

/* Is the customer one of it? */
extern bool cp_holdout_has(const CpHoldout *holdout, const char *customer_id);

/* Margin and discount, as the settings give them. */
extern CpEconomics cp_economics(void);

#endif
