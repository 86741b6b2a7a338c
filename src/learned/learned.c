/* Connects the hint memory and the assets with the file that keeps both. */
#include "learned/learned.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/settings.h"
#include "learned/db.h"

/* An asset of a page that is gone stays away for so long, though its page goes on naming it. */
#define GONE_S FR_ASSET_GONE_S

/* The worker that answers the admin interface waits for the file so long. */
#define PURGE_WAIT_MS 200u

struct fr_learned {
	struct fr_hint_memory *memory; /* owned */
	struct fr_assets *assets;      /* owned */
	struct fr_members *members;    /* owned */
	struct fr_proof *proof;        /* owned */
	struct fr_model *model;        /* owned */
	struct fr_hint_db *db;         /* owned */
};

/* --- pages --- */

static int save_page(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	struct fr_learned *k = user;

	return fr_hint_memory_save(k->memory, key, out, expires_s);
}

static int load_page(void *user, struct fr_str key, const void *value, size_t len, int64_t now_s)
{
	struct fr_learned *k = user;

	return fr_hint_memory_load(k->memory, key, value, len, now_s);
}

static void walk_pages(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct fr_learned *k = user;

	fr_hint_memory_walk(k->memory, visit, ctx);
}

static void page_changed(void *user, struct fr_str key)
{
	struct fr_learned *k = user;

	fr_hint_db_changed(k->db, FR_HINT_TABLE_PAGES, key);
}

/* --- assets: rows are under the eight bytes of their hash --- */

static int save_asset(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	struct fr_learned *k = user;
	uint8_t blob[FR_ASSET_BLOB_BYTES];
	uint64_t hash;
	size_t n;

	if (key.len != sizeof hash)
		return FR_ERR_NOTFOUND;
	memcpy(&hash, key.p, sizeof hash);
	n = fr_assets_save(k->assets, hash, blob);
	if (n == 0)
		return FR_ERR_NOTFOUND;
	*expires_s = INT64_MAX;
	return fr_buf_append(out, blob, n);
}

static int load_asset(void *user, struct fr_str key, const void *value, size_t len, int64_t now_s)
{
	struct fr_learned *k = user;
	uint64_t hash;

	(void)now_s;
	if (key.len != sizeof hash)
		return FR_ERR_SYNTAX;
	memcpy(&hash, key.p, sizeof hash);
	return fr_assets_load(k->assets, hash, value, len);
}

struct walk {
	void (*visit)(void *ctx, struct fr_str key);
	void *ctx;
};

static void visit_asset(void *user, uint64_t key)
{
	struct walk *w = user;

	w->visit(w->ctx, fr_str_make((const char *)&key, sizeof key));
}

static void walk_assets(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct fr_learned *k = user;
	struct walk w = {visit, ctx};

	fr_assets_walk(k->assets, visit_asset, &w);
}

static void asset_changed(void *user, uint64_t key)
{
	struct fr_learned *k = user;

	fr_hint_db_changed(k->db, FR_HINT_TABLE_ASSETS,
	                   fr_str_make((const char *)&key, sizeof key));
}

/* --- what hints gain --- */

static int save_subject(void *user, struct fr_str key, struct fr_buf *out, int64_t *expires_s)
{
	struct fr_learned *k = user;

	return fr_proof_save(k->proof, key, out, expires_s);
}

static int load_subject(void *user, struct fr_str key, const void *value, size_t len, int64_t now_s)
{
	struct fr_learned *k = user;

	return fr_proof_load(k->proof, key, value, len, now_s);
}

static void walk_subjects(void *user, void (*visit)(void *ctx, struct fr_str key), void *ctx)
{
	struct fr_learned *k = user;

	fr_proof_walk(k->proof, visit, ctx);
}

static void subject_changed(void *user, struct fr_str key)
{
	struct fr_learned *k = user;

	fr_hint_db_changed(k->db, FR_HINT_TABLE_PROOF, key);
}

/* --- life --- */

static struct fr_hint_memory_limits limits_of(const struct fr_config *config)
{
	return (struct fr_hint_memory_limits){
		.bytes = (size_t)config->hint_memory.size_mib * FR_MIB,
		.ttl_s = config->hint_memory.ttl_ms / 1000,
		.gone_s = GONE_S,
	};
}

struct fr_learned *fr_learned_new(const struct fr_config *config, uint64_t seed)
{
	struct fr_learned *k = fr_calloc(1, sizeof *k);
	struct fr_hint_db_options options = {.file = config->hint_memory.file, .seed = seed};
	struct fr_hint_memory_limits limits = limits_of(config);
	struct fr_hint_db_owner pages = {save_page, load_page, walk_pages, k};
	struct fr_hint_db_owner assets = {save_asset, load_asset, walk_assets, k};
	struct fr_hint_db_owner proof = {save_subject, load_subject, walk_subjects, k};
	size_t n;

	k->db = fr_hint_db_open(&options);
	k->memory = fr_hint_memory_new(&limits, fr_hint_db_seed(k->db));
	k->assets = fr_assets_new(FR_ASSETS_DEFAULT_CAPACITY, fr_hint_db_seed(k->db));
	k->members = fr_members_new(seed);
	k->proof = fr_proof_new(fr_hint_db_seed(k->db));
	k->model = fr_model_new(FR_MODEL_BYTES, fr_hint_db_seed(k->db));
	n = fr_hint_db_attach(k->db, FR_HINT_TABLE_PAGES, &pages);
	(void)fr_hint_db_attach(k->db, FR_HINT_TABLE_ASSETS, &assets);
	(void)fr_hint_db_attach(k->db, FR_HINT_TABLE_PROOF, &proof);
	fr_hint_memory_set_journal(k->memory, &(struct fr_hint_journal){page_changed, k});
	fr_assets_set_journal(k->assets, &(struct fr_assets_journal){asset_changed, k});
	fr_proof_set_journal(k->proof, &(struct fr_proof_journal){subject_changed, k});
	fr_hint_db_start(k->db);
	if (n)
		FR_LOG(INFO, "hints", "pages remembered: %zu (%s)", n, config->hint_memory.file);
	return k;
}

void fr_learned_free(struct fr_learned **kp)
{
	struct fr_learned *k = *kp;

	*kp = NULL;
	if (!k)
		return;
	fr_hint_db_close(&k->db);
	fr_hint_memory_free(&k->memory);
	fr_assets_free(&k->assets);
	fr_members_free(&k->members);
	fr_proof_free(&k->proof);
	fr_model_free(&k->model);
	free(k);
}

void fr_learned_configure(struct fr_learned *k, const struct fr_config *config)
{
	struct fr_hint_memory_limits limits = limits_of(config);

	fr_hint_memory_resize(k->memory, &limits);
}

struct fr_hint_memory *fr_learned_memory(struct fr_learned *k)
{
	return k->memory;
}

struct fr_assets *fr_learned_assets(struct fr_learned *k)
{
	return k->assets;
}

struct fr_members *fr_learned_members(struct fr_learned *k)
{
	return k->members;
}

struct fr_proof *fr_learned_proof(struct fr_learned *k)
{
	return k->proof;
}

struct fr_model *fr_learned_model(struct fr_learned *k)
{
	return k->model;
}

/* Of a key of the memory (cache/key.h): "https://host/path?query". */
static void forget(struct fr_learned *k, struct fr_str key, bool is_page)
{
	struct fr_str rest = fr_str_sub(key, 0, fr_str_find(key, '\n'));
	const char *scheme = rest.len ? memmem(rest.p, rest.len, "://", 3) : NULL;
	size_t path;

	if (scheme)
		rest = fr_str_sub(rest, (size_t)(scheme - rest.p) + 3, rest.len);
	path = fr_str_find(rest, '/');
	fr_model_forget(k->model, fr_str_sub(rest, 0, path),
	                is_page ? fr_str_sub(rest, path, rest.len) : (struct fr_str){0});
}

size_t fr_learned_purge(struct fr_learned *k, struct fr_str key_prefix)
{
	size_t n = fr_hint_memory_purge(k->memory, key_prefix);

	forget(k, key_prefix, false);
	if (n && !fr_hint_db_flush_within(k->db, PURGE_WAIT_MS))
		FR_LOG(WARN, "hints", "the database is slow: the purge is not written yet");
	return n;
}

size_t fr_learned_purge_page(struct fr_learned *k, struct fr_str key)
{
	size_t n = fr_hint_memory_purge_page(k->memory, key);

	forget(k, key, true);
	if (n && !fr_hint_db_flush_within(k->db, PURGE_WAIT_MS))
		FR_LOG(WARN, "hints", "the database is slow: the purge is not written yet");
	return n;
}

static void put(json_t *all, const char *name, uint64_t v)
{
	(void)json_object_set_new(all, name, json_integer((json_int_t)v));
}

void fr_learned_stats(struct fr_learned *k, json_t *all)
{
	struct fr_hint_memory_stats m;
	struct fr_assets_stats a;
	struct fr_hint_db_stats d;
	struct fr_model_stats l;

	fr_hint_memory_stats(k->memory, &m);
	fr_assets_stats(k->assets, &a);
	fr_hint_db_stats(k->db, &d);
	put(all, "hint_memory_pages", m.pages);
	put(all, "hint_memory_bytes", m.bytes);
	put(all, "hint_memory_candidates", m.candidates);
	put(all, "hint_memory_evicted", m.evicted);
	put(all, "hint_memory_expired", m.expired);
	put(all, "hint_memory_confirmed", m.confirmed);
	put(all, "hint_memory_displaced", m.displaced);
	put(all, "hint_memory_links_dropped", m.links_dropped);
	put(all, "assets_known", a.entries);
	put(all, "assets_evicted", a.evicted);
	fr_model_stats(k->model, &l);
	put(all, "learned_sites", l.sites);
	put(all, "learned_pages", l.pages);
	put(all, "learned_templates", l.templates);
	put(all, "learned_assets", l.assets);
	put(all, "learned_bytes", l.bytes);
	put(all, "learned_loads", l.loads);
	put(all, "learned_cold_loads", l.cold);
	put(all, "learned_switches", l.switches);
	put(all, "learned_left_out", l.omitted);
	put(all, "learned_left_out_needed", l.missed);
	put(all, "learned_evicted", l.evicted);
	put(all, "hint_db_written", d.written);
	put(all, "hint_db_failed", d.failed);
	put(all, "hint_db_dropped", d.dropped);
}
