/* Finds the demo's files among those embedded, with type and links. */
#include "lab/demo/site.h"

#include <stdio.h>

#include "base/embed.h"
#include "base/err.h"

#define STYLE(path) "<" path ">; rel=preload; as=style"
#define SCRIPT(path) "<" path ">; rel=preload; as=script"
#define FONT(path) "<" path ">; rel=preload; as=font; crossorigin"
#define IMAGE(name) "</img/" name ".svg>; rel=preload; as=image"
#define ASSETS(also)                                                                               \
	STYLE("/base.css")                                                                         \
	also ", " STYLE("/layout.css") also ", " STYLE("/table.css") also                          \
		", " SCRIPT("/gallery.js") also ", " SCRIPT("/arrivals.js") also                   \
		", " FONT("/tiles.woff") also ", " IMAGE("dawn") also ", " IMAGE("harbour") also   \
		", " IMAGE("ridge") also ", " IMAGE("orchard") also ", " IMAGE("dunes") also       \
		", " IMAGE("canyon") also ", " IMAGE("meadow") also ", " IMAGE("glacier") also     \
		", " IMAGE("lagoon") also ", " IMAGE("forest") also ", " IMAGE("plateau") also     \
		", " IMAGE("night") also

static const struct {
	const char *path, *file, *link;
} pages[] = {
	{"/", "demo/index.html", ASSETS("")},
	{"/nopush.html", "demo/nopush.html", ASSETS("; nopush")},
	{"/slow.html", "demo/slow.html", ASSETS("") ", " SCRIPT("/slow.js")},
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".woff", "font/woff"},
	{".svg", "image/svg+xml"},
};

static const struct fr_embedded *find_embedded(struct fr_str name)
{
	for (const struct fr_embedded *e = fr_embedded_files; e->name; e++)
		if (fr_str_is(name, e->name))
			return e;
	return NULL;
}

static const char *type_of(struct fr_str name)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(types); i++)
		if (fr_str_ends(name, fr_str_from(types[i].suffix)))
			return types[i].type;
	return "application/octet-stream";
}

static bool describe(struct fr_str name, struct fr_demo_file *out)
{
	const struct fr_embedded *e = find_embedded(name);

	if (!e)
		return false;
	*out = (struct fr_demo_file){.data = e->data,
	                             .len = e->len,
	                             .type = type_of(name),
	                             .cache_control = "public, max-age=3600"};
	return true;
}

bool fr_demo_find(struct fr_str path, struct fr_demo_file *out)
{
	char name[256];
	int n;

	path = fr_str_sub(path, 0, fr_str_find(path, '?'));
	for (size_t i = 0; i < FR_ARRAY_LEN(pages); i++) {
		if (!fr_str_is(path, pages[i].path))
			continue;
		if (!describe(fr_str_from(pages[i].file), out))
			return false;
		out->link = pages[i].link;
		out->cache_control = "no-cache";
		out->delay_ms = FR_DEMO_THINK_MS;
		return true;
	}
	n = snprintf(name, sizeof name, "demo%.*s", FR_STR_ARG(path));
	if (n < 0 || (size_t)n >= sizeof name || !describe(fr_str_make(name, (size_t)n), out))
		return false;
	if (fr_str_is(path, "/slow.js")) {
		out->cache_control = "no-store";
		out->delay_ms = FR_DEMO_SLOW_MS;
	}
	return true;
}
