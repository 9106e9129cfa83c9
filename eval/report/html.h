/* html.h - the few pieces of HTML that a report is made of. Whatever comes from outside goes through html_text. */
#ifndef EVAL_REPORT_HTML_H
#define EVAL_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One page, complete in itself: style sheet inside, no scripts, nothing from a network. */
void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

/* Escaped for text and for quoted attributes; control characters become blanks, invalid UTF-8 question marks. */
void html_text(FILE *out, const char *text);

/* <h2>, with the anchor `id` (a literal). */
void html_heading(FILE *out, const char *id, const char *text);

/* A table that scrolls on a narrow screen: html_table, then rows of html_row and cells, then html_table_end. */
void html_table(FILE *out, const char *const *headers, int32_t n);
void html_row(FILE *out);
void html_cell(FILE *out, const char *text);
/* digits after the point; NaN is a dash. */
void html_number(FILE *out, double number, int digits);
void html_table_end(FILE *out);

/* An SVG file's text inside the page: its prologue is left out, its ids and references to them get `prefix`, so that
 * two drawings do not use each other's patterns. prefix: a-z, 0-9, dashes. Scripts and event attributes are not
 * expected in what gnuplot writes, and a drawing with "<script" is left out. */
void html_svg(FILE *out, const char *svg, const char *prefix);

#ifdef __cplusplus
}
#endif
#endif
