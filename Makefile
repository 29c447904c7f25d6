# churnprevent: predict who will leave, inside PostgreSQL.
#
# make demo    on a fresh Debian machine: installs what is missing, builds, shows the main job on real data
# make check   likewise, and runs every test suite; neither touches an existing cluster
#
# make, make install             build and install for the PostgreSQL that PG_CONFIG names
# make unit                      the pure folders alone, with sanitizers and without PostgreSQL
# make installcheck pgtap prove  one suite each, on the server that PG* points at (prove: clusters of its own)
# make bench format dist demo-stop clean

EXTENSION  = churnprevent
MODULE_big = churnprevent

# The one place that holds the version; META.json and CHANGELOG.md are checked against it.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" churnprevent.control)

# Objects, one block a layer, listed by name so that no file is built by accident.
NUM_OBJS = context rng hash bloom vec packed special sort bytes blas

LEARN_OBJS = training dataset dictionary featuremap binning tree tree_grow tree_masks gbm forest \
	net net_inputs net_learner blend calibrate ensemble model metrics evaluation roc importance screen leak \
	background explain split train holdout estimation domain

STATS_OBJS = distributions posterior power moments comparison sequential assignment trial \
	drift kolmogorov sample distance reference profile alarm

DECIDE_OBJS = rule_lexer rule catalogue response policy contact mdp world population \
	limits offers pricing core lp_glpk lp vertex tally plan survey knapsack greedy allocate

PG_OBJS = module guc bridge args decimal json option_rules options features label source steering training_set store model_store model_cache \
	base_rate model_profile customer_filter trainer gate performance drift_rows drift_statistics drift_advice drift_check drift_store alert_store situation scorer evaluation_set rule_scope playbook advice decision_store simulator_store \
	customer_ids limit_book allocation_source allocation_record allocation_data allocation_pricing allocation_request allocation_store \
	fn_train fn_predict fn_explain fn_importance fn_evaluate fn_model fn_metrics fn_decide fn_forget fn_policy fn_simulate fn_price fn_allocate \
	trial_row trial_reading attributes experiment_store experiment_report saved_revenue fn_significance fn_abtest fn_experiment drift_options drift_state drift_figures fn_drift fn_drift_check fn_performance fn_retrain

PURE_OBJS = $(NUM_OBJS:%=src/num/%.o) $(LEARN_OBJS:%=src/learn/%.o) \
	$(STATS_OBJS:%=src/stats/%.o) $(DECIDE_OBJS:%=src/decide/%.o)
OBJS = $(PURE_OBJS) $(PG_OBJS:%=src/pg/%.o)

# Where the time goes: compiled for speed, with the results of strict arithmetic.
HOT_OBJS = src/num/vec.o src/num/packed.o src/stats/profile.o $(LEARN_OBJS:%=src/learn/%.o) $(DECIDE_OBJS:%=src/decide/%.o)

# OpenBLAS is loaded when first needed (src/num/blas.c). A backend wants no threads: where Debian's
# serial variant is installed, it is found first.
MULTIARCH   := $(shell $(CC) -print-multiarch 2>/dev/null)
BLAS_SERIAL := $(patsubst %/,%,$(dir $(wildcard /usr/lib/$(MULTIARCH)/openblas-serial/libopenblas.so.0)))
BLAS_LIBS    = -ldl $(BLAS_SERIAL:%=-Wl,-rpath,%)

PG_CONFIG ?= pg_config
export PG_CONFIG

.DEFAULT_GOAL := all

# Goals of the house need no PGXS: they work before PostgreSQL is installed and
# call make again for the rest. (PGXS has a check target of its own, a dummy.)
HOUSE = check demo demo-stop bench unit format dist version-check
.PHONY: $(HOUSE) pgtap prove

ifneq (,$(filter $(HOUSE),$(MAKECMDGOALS)))

OTHER = $(filter-out $(HOUSE) build/%,$(MAKECMDGOALS))
ifneq (,$(OTHER))
.PHONY: $(OTHER)
$(OTHER):
	@+$(MAKE) --no-print-directory $@
.NOTPARALLEL:
endif

check:
	@test/support/install_packages.sh check
	@+MAKE='$(MAKE)' test/support/build_install.sh
	@test/support/run_check.sh

demo:
	@test/support/install_packages.sh demo
	@+MAKE='$(MAKE)' test/support/build_install.sh
	@demo/run.sh

demo-stop:
	@demo/stop.sh

bench:
	@test/support/install_packages.sh bench
	@+MAKE='$(MAKE)' test/support/build_install.sh
	@test/bench/run.sh

# The pure folders a second time, without any server include path: a stray
# postgres.h fails at once.
UNIT_SRCS   = $(wildcard $(addsuffix /*.c,src/num src/learn src/stats src/decide test/unit))
UNIT_OBJS   = $(UNIT_SRCS:%.c=build/unit/%.o)
UNIT_CFLAGS = -std=c11 -O1 -g -Wall -Wextra -Werror -ffp-contract=off \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

unit: build/unit/unit
	@build/unit/unit

build/unit/unit: $(UNIT_OBJS)
	@echo 'linking $@'
	@$(CC) $(UNIT_CFLAGS) -o $@ $(UNIT_OBJS) $(BLAS_LIBS) -lglpk -lm

build/unit/%.o: %.c
	@mkdir -p $(@D)
	@echo 'compiling $< (pure)'
	@$(CC) $(UNIT_CFLAGS) -Isrc -Itest/unit -MMD -MP -c -o $@ $<

-include $(UNIT_OBJS:.o=.d)

format:
	@test/support/install_packages.sh format
	clang-format -i $(wildcard $(addsuffix /*.[ch],src/num src/learn src/stats src/decide src/pg test/unit))

version-check:
	@test/support/version_check.sh $(EXTVERSION)

# The archive that PGXN takes: what is committed, under one folder.
dist: version-check
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD
	@echo '$(EXTENSION)-$(EXTVERSION).zip'

else

# Debian's client package has pgxs.mk too; only the header shows that all is there.
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq (,$(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h))
ifneq (clean,$(MAKECMDGOALS))
$(error PostgreSQL's server development files are not installed; test/support/install_packages.sh build installs them on Debian)
endif
endif

DATA       = $(wildcard sql/$(EXTENSION)--*--*.sql)
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
SQL_PARTS  = $(sort $(wildcard sql/[0-9][0-9]_*.sql))

PG_CPPFLAGS = -Isrc -DCP_VERSION='"$(EXTVERSION)"'
# Strict arithmetic; and the same bytes wherever the checkout lies.
PG_CFLAGS   = -ffp-contract=off -ffile-prefix-map=$(CURDIR)=.
SHLIB_LINK += $(BLAS_LIBS) -lglpk -lm

# Test lists may be empty; each file is a test.
REGRESS       := $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION     := $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
PROVE_TESTS   := $(sort $(wildcard test/t/*.pl))
PGTAP_TESTS   := $(sort $(wildcard test/pgtap/*.sql))

# ONLY=regress or ONLY=isolation runs one half of installcheck.
ifeq ($(ONLY),regress)
ISOLATION :=
endif
ifeq ($(ONLY),isolation)
REGRESS :=
endif

EXTRA_CLEAN = build $(EXTENSION)--*.sql results output_iso tmp_check tmp_check_iso \
	regression.diffs regression.out $(EXTENSION)-*.zip

# No bitcode: it would need the very clang that the server was built with.
override with_llvm = no

ifneq (,$(wildcard $(PGXS)))
include $(PGXS)
else
clean:
	rm -rf $(OBJS) $(EXTENSION).so $(EXTRA_CLEAN)
endif

# A demo that still runs is known only by a file in build/.
clean: demo-clean
.PHONY: demo-clean
demo-clean:
	@demo/stop.sh quietly

$(PURE_OBJS): override CFLAGS += -fvisibility=hidden
$(HOT_OBJS): override CFLAGS += -O3
# A square root that need not set errno can be vectorised.
src/learn/net.o: override CFLAGS += -fno-math-errno

# Few headers and quick files: every object depends on all of them.
$(OBJS): $(wildcard src/*/*.h) Makefile churnprevent.control

$(EXTENSION)--$(EXTVERSION).sql: $(SQL_PARTS) Makefile churnprevent.control
	@test -n '$(SQL_PARTS)' || { echo 'no parts in sql/' >&2; exit 1; }
	{ echo '-- complain if this file is run by psql instead of CREATE EXTENSION'; \
	  printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  for part in $(SQL_PARTS); do echo; cat $$part; done; } > $@.tmp && mv $@.tmp $@

pgtap:
ifneq (,$(PGTAP_TESTS))
	@psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' \
		-c 'CREATE EXTENSION IF NOT EXISTS pgtap' -c 'CREATE EXTENSION IF NOT EXISTS $(EXTENSION)'
	pg_prove $(PROVE_FLAGS) $(PGTAP_TESTS)
endif

prove:
ifneq (,$(PROVE_TESTS))
	$(prove_installcheck)
endif

endif
