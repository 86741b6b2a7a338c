/* The imports of modules, and what only looks like one. */
#include "lab/model/module_scan.h"
#include "unit.h"

static void on_import(void *user, struct fr_str specifier, enum fr_as as)
{
	char *text = user;
	size_t n = strlen(text);

	(void)snprintf(text + n, 512 - n, "%.*s%s ", FR_STR_ARG(specifier),
	               as == FR_AS_STYLE   ? ":style"
	               : as == FR_AS_FETCH ? ":json"
	                                   : "");
}

static void static_imports_are_found(void **state)
{
	static const struct {
		const char *script, *expected;
	} table[] = {
		{"import './a.js'", "./a.js "},
		{"import a, {b as c} from \"./a.js\";import * as d from'./b.js'", "./a.js ./b.js "},
		{"import{a}from'./a.js';import'./b.js'", "./a.js ./b.js "},
		{"import defer * as x from './a.js'", "./a.js "},
		{"export * from './a.js'; export {x, y as z} from './b.js'", "./a.js ./b.js "},
		{"export * as n from './a.js'", "./a.js "},
		{"export {x}; export default 'no'; export const y = 'no'", ""},
		{"export default class {} import './a.js'", "./a.js "},
		{"// import './no.js'\n/* import './no.js' */import './a.js'", "./a.js "},
		{"x = 'import \"./no.js\"'; y = `import './no.js' ${import('./no.js')}`", ""},
		{"`${`${a}`} import './no.js'`; import './a.js'", "./a.js "},
		{"/import '.no.js'/; x = a / b; import './a.js'", "./a.js "},
		{"x = /[/'\"]/; import './a.js'", "./a.js "},
		{"import('./no.js'); import.meta.url; a.import('./no.js')", ""},
		{"import d from './d.json' with {type: 'json'}; import './s.css' with "
	         "{type:\"css\"}",
	         "./d.json:json ./s.css:style "},
		{"import './unended", "./unended "},
		{"import", ""},
		{"export", ""},
		{"import {", ""},
		{"importx './no.js'; $import './no.js'", ""},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(table); i++) {
		char found[512] = "";

		fr_module_scan(S(table[i].script), on_import, found);
		if (strcmp(found, table[i].expected) != 0)
			fail_msg("%s: %s", table[i].script, found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(static_imports_are_found),
	};

	RUN(tests);
}
