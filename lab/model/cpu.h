/* The costs of a page on a browser's main thread, in microseconds: the constants of the
 * page model (page.h). They were read off Chromium's own traces of one page (`admin` of
 * bench/pages) on two cores that browser, edge, origin and emulated network shared, as the
 * time that passed, not as CPU time alone; other pages check them (docs/profile.md has the
 * table). Another machine is another factor (struct fr_page_options). */
#ifndef FR_LAB_MODEL_CPU_H
#define FR_LAB_MODEL_CPU_H

/* From the head of the page's response until its first byte is parsed: a
 * process for the page, the commit of the navigation. */
#define FR_CPU_COMMIT_US 32000u
/* Of HTML, decoded: tokens, elements, what is found in them is asked for. */
#define FR_CPU_HTML_KB_US 500u
/* A style sheet that has come: its task, and its rules. */
#define FR_CPU_STYLE_US 4000u
#define FR_CPU_STYLE_KB_US 60u
/* A script that is run: its task; parsing and running, as scripts of pages do. */
#define FR_CPU_SCRIPT_US 3000u
#define FR_CPU_SCRIPT_KB_US 150u
/* A picture that has come; an SVG is a document of its own. */
#define FR_CPU_IMAGE_US 1500u
#define FR_CPU_SVG_US 10000u
/* A font that has come. */
#define FR_CPU_FONT_US 3000u
/* Styles and boxes of all elements. The first one in a process finds and opens the
 * system's fonts, too, which takes longer than all the rest. */
#define FR_CPU_FIRST_LAYOUT_US 90000u
#define FR_CPU_LAYOUT_US 4000u
#define FR_CPU_LAYOUT_ELEMENT_US 150u
/* From the first layout until it is on the screen: not on the main thread. */
#define FR_CPU_PAINT_US 60000u

#endif
