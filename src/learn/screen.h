/*
 * screen.h: which features are worth learning from?
 *
 * A column that tells nothing is not free: every learner follows a little of what chance
 * made it agree with in the training rows. So each fold is judged by models that learned
 * from the others, while features are exchanged among its rows: first one by one, which
 * gives their order, then together, the least important first. Exchanged together, features
 * that cover for each other are missed. Left out is as much as may be without the loss
 * rising by more than half its standard error above the least: the one-standard-error rule
 * of Breiman, Friedman, Olshen and Stone (Classification and Regression Trees, 1984, 3.4.3),
 * less strict.
 */
#ifndef CP_SCREEN_H
#define CP_SCREEN_H

#include "learn/ensemble.h"

/* With fewer rows of the rarer class a standard error is more than an honest feature may tell. */
#define CP_SCREEN_CLASS_ROWS 200

/*
 * By so many of its standard errors the loss may rise. With one, weak features go that are
 * worth more than they cost: see test/bench/README.md.
 */
#define CP_SCREEN_RISE 0.5

/*
 * So many rows are judged at least, if there are as many. More, and exchanges with several
 * rows, as long as rows times exchanges times features stay below the limit; each of them
 * costs four scorings.
 */
#define CP_SCREEN_ROWS 10000
#define CP_SCREEN_EXCHANGES 5
#define CP_SCREEN_LIMIT 2000000

/*
 * kept: [training->binned->nfeatures] 1 = learn from it. All are kept with one fold only,
 * with fewer rows of a class than above, and when even all features together are not missed.
 * The judges are the ensemble's members with their settings, but no forest where there is
 * another: it takes longest and says the same. Fails as the learners do.
 */
extern CpStatus cp_screen(CpContext *context, const CpTraining *training,
                          const CpEnsembleParams *params, uint8_t *kept);

#endif
