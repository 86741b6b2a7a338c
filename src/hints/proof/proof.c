/* The table of subjects, its lock, and its rows. */
#include "hints/proof/proof.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "hints/proof/experiments.h"
#include "hints/proof/measure.h"
#include "hints/proof/template.h"

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = (unsigned)fr_siphash(0, keyptr, keylen))
#define HASH_NONFATAL_OOM 0
#define uthash_malloc(n) fr_malloc(n)
#include <uthash.h>

/* Rows that nobody has loaded for so long are dropped. */
#define KEPT_S (90 * 86400)

struct entry {
	UT_hash_handle hh; /* in the order of use: the first was loaded longest ago */
	char key[FR_PROOF_KEY_BYTES];
	size_t key_len;
	int64_t seen_s;
	struct fr_holdout holdout; /* as it was asked for last; {0}: not since the start */
	struct fr_subject s;
};

struct fr_proof {
	uint64_t seed;
	struct fr_proof_journal journal;
	_Atomic size_t n_experiments;
	pthread_mutex_t lock; /* of what follows */
	struct fr_experiments experiments;
	struct entry *entries; /* owned */
};

/* --- the table (under the lock) --- */

struct key {
	char text[FR_PROOF_KEY_BYTES];
	size_t len;
};

/* Of the experiment that the page belongs to, else of its template. Returns the experiment. */
static const struct fr_experiment *make_key(const struct fr_proof *p, struct fr_str authority,
                                            struct fr_str path, struct key *out)
{
	const struct fr_experiment *x = fr_experiments_find(&p->experiments, authority, path);

	if (x)
		out->len = strlen(x->pattern);
	else
		out->len = fr_proof_template(authority, path, out->text, sizeof out->text - 1);
	if (x)
		memcpy(out->text, x->pattern, out->len);
	out->text[out->len] = '\0';
	return x;
}

static struct entry *find(struct fr_proof *p, const char *key, size_t len)
{
	struct entry *e;

	HASH_FIND(hh, p->entries, key, len, e);
	return e;
}

static void drop(struct fr_proof *p, struct entry *e)
{
	HASH_DEL(p->entries, e);
	free(e);
}

static void append(struct fr_proof *p, struct entry *e)
{
	HASH_ADD_KEYPTR(hh, p->entries, e->key, e->key_len, e);
}

static void move_to_end(struct fr_proof *p, struct entry *e)
{
	HASH_DEL(p->entries, e);
	append(p, e);
}

static struct entry *add(struct fr_proof *p, const char *key, size_t len)
{
	struct entry *e = fr_try_calloc(1, sizeof *e);

	if (!e)
		return NULL;
	memcpy(e->key, key, len);
	e->key_len = len;
	append(p, e);
	return e;
}

/* The subject, made if need be, as the last one in the order of use; NULL: no memory. */
static struct entry *use(struct fr_proof *p, const struct key *key, int64_t now_s)
{
	struct entry *e = find(p, key->text, key->len);

	if (!e) {
		if (HASH_COUNT(p->entries) >= FR_PROOF_SUBJECTS)
			drop(p, p->entries);
		e = add(p, key->text, key->len);
	} else if (e->hh.next) {
		move_to_end(p, e);
	}
	if (e)
		e->seen_s = now_s;
	return e;
}

/* --- life --- */

struct fr_proof *fr_proof_new(uint64_t seed)
{
	struct fr_proof *p = fr_calloc(1, sizeof *p);

	p->seed = seed;
	(void)pthread_mutex_init(&p->lock, NULL);
	return p;
}

void fr_proof_free(struct fr_proof **pp)
{
	struct fr_proof *p = *pp;

	*pp = NULL;
	if (!p)
		return;
	while (p->entries)
		drop(p, p->entries);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

void fr_proof_set_journal(struct fr_proof *p, const struct fr_proof_journal *j)
{
	p->journal = *j;
}

static void tell(struct fr_proof *p, const struct key *key)
{
	if (p->journal.changed)
		p->journal.changed(p->journal.user, fr_str_make(key->text, key->len));
}

/* --- loads --- */

bool fr_proof_is_on(const struct fr_proof *p, uint32_t holdout)
{
	return holdout || atomic_load_explicit(&p->n_experiments, memory_order_relaxed);
}

void fr_proof_ask(struct fr_proof *p, const struct fr_proof_question *q,
                  struct fr_proof_answer *out)
{
	struct fr_proof_answer a = {.visitor = fr_visitor_of(&q->visitor, p->seed, q->now_s)};
	struct fr_holdout holdout = {.percent = q->holdout};
	const struct fr_experiment *x;
	enum fr_trial_state before;
	struct entry *e = NULL;
	struct key key;
	bool is_switched = false;

	(void)pthread_mutex_lock(&p->lock);
	x = make_key(p, q->authority, q->path, &key);
	if (x)
		holdout = (struct fr_holdout){.percent = x->share, .is_fixed = true};
	if (holdout.percent)
		e = use(p, &key, q->now_s);
	if (e) {
		before = e->s.state;
		e->holdout = holdout;
		a.mark = fr_subject_ask(&e->s, a.visitor.id, &holdout, q->now_s);
		a.witness = e->s.layout.witness;
		is_switched = e->s.state != before;
	} else {
		a.visitor = (struct fr_visitor){0};
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (is_switched)
		tell(p, &key);
	*out = a;
}

static struct fr_str path_of(struct fr_str target)
{
	return fr_str_sub(target, 0, fr_str_find(target, '?'));
}

static void tell_news(const struct entry *e, struct fr_proof_news *news)
{
	news->state = e->s.state;
	news->harm = e->s.state == FR_TRIAL_ALL ? FR_HARM_NONE : e->s.harm;
	memcpy(news->key, e->key, e->key_len + 1);
}

int fr_proof_take(struct fr_proof *p, const struct fr_load *load, int64_t now_s,
                  struct fr_proof_news *news)
{
	struct fr_layout_asset assets[FR_LOAD_MAX_ASSETS];
	struct fr_compared_load l;
	int is_switched = 0;
	bool is_due = false;
	struct entry *e;
	struct key key;

	if (!load->visitor.id || load->is_prefetched || load->client.is_bot)
		return 0;
	fr_measure_load(load, assets, &l);
	(void)pthread_mutex_lock(&p->lock);
	(void)make_key(p, load->authority, path_of(load->target), &key);
	e = find(p, key.text, key.len);
	if (e) {
		is_switched = fr_subject_add(&e->s, &l, now_s);
		is_due = (e->s.counts.loads + e->s.begin) % FR_PROOF_SAVE_LOADS == 0;
		if (is_switched)
			tell_news(e, news);
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (is_switched || is_due)
		tell(p, &key);
	return is_switched;
}

/* --- figures --- */

static void describe(const struct entry *e, struct fr_proof_row *out)
{
	const struct fr_subject *s = &e->s;

	*out = (struct fr_proof_row){
		.state = s->state,
		.harm = s->harm,
		.switched_s = s->switched_s,
		.switches = s->switches,
		.share = fr_subject_share(s, &e->holdout),
		.begin = s->begin,
		.experiment = e->holdout.is_fixed ? e->holdout.percent : 0,
		.has_witness = s->layout.witness != 0,
		.counts = s->counts,
	};
	memcpy(out->key, e->key, e->key_len + 1);
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		fr_subject_gain(s, (enum fr_metric)m, &out->gain[m]);
}

/* What the operator asked for comes first. */
static uint64_t weight(const struct entry *e)
{
	return e->s.counts.loads + e->s.begin + (e->holdout.is_fixed ? UINT64_MAX / 2 : 0);
}

/* Puts the entry among the most loaded; *n: how many there are. */
static void place(const struct entry **best, size_t *n, size_t most, const struct entry *e)
{
	size_t at = *n < most ? *n : most;

	while (at > 0 && weight(e) > weight(best[at - 1]))
		at--;
	if (at == most)
		return;
	if (*n < most)
		(*n)++;
	memmove(&best[at + 1], &best[at], (*n - at - 1) * sizeof(const struct entry *));
	best[at] = e;
}

size_t fr_proof_rows(struct fr_proof *p, struct fr_proof_row *out, size_t most)
{
	const struct entry **best = fr_calloc(most + 1, sizeof(const struct entry *));
	size_t n = 0;

	(void)pthread_mutex_lock(&p->lock);
	for (const struct entry *e = p->entries; e; e = e->hh.next)
		place(best, &n, most, e);
	for (size_t i = 0; i < n; i++)
		describe(best[i], &out[i]);
	(void)pthread_mutex_unlock(&p->lock);
	free(best);
	return n;
}

/* --- experiments --- */

#define EXPERIMENTS_KEY "experiments" /* no host, so no subject's */

static struct key key_of(struct fr_str text)
{
	struct key key = {.len = text.len < FR_PROOF_KEY_BYTES ? text.len : FR_PROOF_KEY_BYTES - 1};

	if (key.len)
		memcpy(key.text, text.p, key.len);
	return key;
}

static void tell_experiments(struct fr_proof *p, const struct key *subject)
{
	struct key key = key_of(FR_STR(EXPERIMENTS_KEY));

	tell(p, &key);
	tell(p, subject);
}

/* Loads that are under way do not count for it. */
static void begin_anew(struct entry *e, uint32_t share, int64_t now_s)
{
	e->s = (struct fr_subject){.trial = (uint8_t)(now_s & 15)};
	e->holdout = (struct fr_holdout){.percent = share, .is_fixed = true};
}

int fr_proof_start(struct fr_proof *p, struct fr_str pattern, uint32_t share, int64_t now_s)
{
	struct key key = key_of(pattern);
	struct entry *e;
	int rc;

	(void)pthread_mutex_lock(&p->lock);
	rc = fr_experiments_start(&p->experiments, pattern, share, now_s);
	if (rc == 0) {
		e = use(p, &key, now_s);
		if (e)
			begin_anew(e, share, now_s);
	}
	atomic_store_explicit(&p->n_experiments, p->experiments.n, memory_order_relaxed);
	(void)pthread_mutex_unlock(&p->lock);
	if (rc == 0)
		tell_experiments(p, &key);
	return rc;
}

bool fr_proof_stop(struct fr_proof *p, struct fr_str pattern)
{
	struct key key = key_of(pattern);
	struct entry *e;
	bool was_there;

	(void)pthread_mutex_lock(&p->lock);
	was_there = fr_experiments_stop(&p->experiments, pattern);
	e = find(p, key.text, key.len);
	if (was_there && e)
		e->holdout = (struct fr_holdout){0};
	atomic_store_explicit(&p->n_experiments, p->experiments.n, memory_order_relaxed);
	(void)pthread_mutex_unlock(&p->lock);
	if (was_there)
		tell_experiments(p, &key);
	return was_there;
}

/* --- the file --- */

static bool is_experiments(struct fr_str key)
{
	return fr_str_is(key, EXPERIMENTS_KEY);
}

static int save_experiments(struct fr_proof *p, struct fr_buf *out, int64_t *expires_s)
{
	struct fr_experiments copy;

	(void)pthread_mutex_lock(&p->lock);
	copy = p->experiments;
	(void)pthread_mutex_unlock(&p->lock);
	*expires_s = INT64_MAX;
	return copy.n ? fr_experiments_save(&copy, out) : FR_ERR_NOTFOUND;
}

static void hold_out(struct fr_proof *p, const struct fr_experiment *x, int64_t now_s)
{
	struct key key = key_of(fr_str_from(x->pattern));
	struct entry *e = use(p, &key, now_s);

	if (e)
		e->holdout = (struct fr_holdout){.percent = x->share, .is_fixed = true};
}

static int load_experiments(struct fr_proof *p, const void *bytes, size_t len, int64_t now_s)
{
	int rc;

	(void)pthread_mutex_lock(&p->lock);
	rc = fr_experiments_load(bytes, len, &p->experiments);
	for (size_t i = 0; rc == 0 && i < p->experiments.n; i++)
		hold_out(p, &p->experiments.v[i], now_s);
	atomic_store_explicit(&p->n_experiments, p->experiments.n, memory_order_relaxed);
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}

int fr_proof_save(struct fr_proof *p, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	uint8_t bytes[FR_SUBJECT_BLOB_BYTES];
	struct entry *e;
	int64_t seen_s = 0;

	if (is_experiments(key))
		return save_experiments(p, out, expires_s);
	(void)pthread_mutex_lock(&p->lock);
	e = find(p, key.p, key.len);
	if (e) {
		fr_subject_save(&e->s, bytes);
		seen_s = e->seen_s;
	}
	(void)pthread_mutex_unlock(&p->lock);
	if (!e)
		return FR_ERR_NOTFOUND;
	*expires_s = seen_s + KEPT_S;
	return fr_buf_append(out, bytes, sizeof bytes);
}

int fr_proof_load(struct fr_proof *p, struct fr_str key, const void *bytes, size_t len,
                  int64_t now_s)
{
	struct entry *e;
	int rc = FR_ERR_LIMIT;

	if (is_experiments(key))
		return load_experiments(p, bytes, len, now_s);
	if (!key.len || key.len >= FR_PROOF_KEY_BYTES || memchr(key.p, '\0', key.len))
		return FR_ERR_SYNTAX;
	(void)pthread_mutex_lock(&p->lock);
	e = find(p, key.p, key.len);
	if (!e && HASH_COUNT(p->entries) < FR_PROOF_SUBJECTS)
		e = add(p, key.p, key.len);
	if (e) {
		e->seen_s = now_s;
		rc = fr_subject_load(bytes, len, &e->s);
	}
	if (e && rc < 0)
		drop(p, e);
	(void)pthread_mutex_unlock(&p->lock);
	return rc;
}

void fr_proof_walk(struct fr_proof *p, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct key *keys;
	size_t n = 0;

	(void)pthread_mutex_lock(&p->lock);
	keys = fr_calloc(HASH_COUNT(p->entries) + 1u, sizeof *keys);
	for (const struct entry *e = p->entries; e; e = e->hh.next, n++) {
		memcpy(keys[n].text, e->key, e->key_len);
		keys[n].len = e->key_len;
	}
	(void)pthread_mutex_unlock(&p->lock);
	visit(ctx, FR_STR(EXPERIMENTS_KEY));
	for (size_t i = 0; i < n; i++)
		visit(ctx, fr_str_make(keys[i].text, keys[i].len));
	free(keys);
}
