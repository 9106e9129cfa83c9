/* html.c - see html.h. */
#include "html.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "plain.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c1c1e;--page:#fff;--line:#c9c9cf;--soft:#f3f3f6;--mark:#0b5cad}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6ea;--page:#161618;--line:#44444a;--soft:#222226;--mark:#7db7f0}"
    ".plot svg{filter:invert(.9) hue-rotate(180deg)}}"
    "body{margin:0 auto;max-width:88rem;padding:1rem;background:var(--page);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.2rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}"
    "h3{font-size:1rem;margin:1.2rem 0 .3rem}a{color:var(--mark)}nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem}"
    ".wide{overflow-x:auto;margin:.5rem 0}table{border-collapse:collapse;font-size:.88rem}"
    "th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}"
    "th{background:var(--soft)}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}dt{font-weight:600}"
    "dd{margin:0;overflow-wrap:anywhere}.plot{overflow-x:auto;background:#fff;margin:.4rem 0}"
    "@media(prefers-color-scheme:dark){.plot{background:#161618}}.plot svg{display:block;width:100%;min-width:34rem}"
    ".note{border-left:4px solid var(--mark);padding:.4rem .8rem;background:var(--soft)}"
    "summary{cursor:pointer;font-weight:600}figure{margin:.8rem 0}figcaption{font-size:.85rem}"
    "@media(max-width:40rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}}";

void html_begin(FILE *out, const char *title) {
  fputs(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
      out);
  html_text(out, title);
  fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
  html_text(out, title);
  fputs("</h1>\n", out);
}

void html_end(FILE *out) {
  fputs("</body>\n</html>\n", out);
}

static void put_escaped(FILE *out, char byte) {
  switch (byte) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '>':
      fputs("&gt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    case '\'':
      fputs("&#39;", out);
      break;
    default:
      fputc(byte, out);
      break;
  }
}

void html_text(FILE *out, const char *text) {
  char plain[PLAIN_SIZE];
  plain_text(text, plain, sizeof plain);
  for (const char *at = plain; *at != '\0'; ++at) put_escaped(out, *at);
}

void html_heading(FILE *out, const char *id, const char *text) {
  fprintf(out, "<h2 id=\"%s\">", id);
  html_text(out, text);
  fputs("</h2>\n", out);
}

void html_table(FILE *out, const char *const *headers, int32_t n) {
  fputs("<div class=\"wide\"><table>\n<tr>", out);
  for (int32_t i = 0; i < n; ++i) {
    fputs("<th>", out);
    html_text(out, headers[i]);
    fputs("</th>", out);
  }
}

void html_row(FILE *out) {
  fputs("</tr>\n<tr>", out);
}

void html_cell(FILE *out, const char *text) {
  fputs("<td>", out);
  html_text(out, text);
  fputs("</td>", out);
}

void html_number(FILE *out, double number, int digits) {
  if (isnan(number)) {
    fputs("<td class=\"n\">&ndash;</td>", out);
  } else {
    fprintf(out, "<td class=\"n\">%.*f</td>", digits, number);
  }
}

void html_table_end(FILE *out) {
  fputs("</tr>\n</table></div>\n", out);
}

/* What stands right before an id in gnuplot's SVG. */
static size_t id_lead(const char *at) {
  static const char *const leads[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
  for (size_t i = 0; i < sizeof leads / sizeof leads[0]; ++i)
    if (strncmp(at, leads[i], strlen(leads[i])) == 0) return strlen(leads[i]);
  return 0;
}

void html_svg(FILE *out, const char *svg, const char *prefix) {
  const char *at = strstr(svg, "<svg");
  if (at == NULL || strcasestr(svg, "<script") != NULL) return;
  while (*at != '\0') {
    const size_t lead = id_lead(at);
    if (lead > 0) {
      fwrite(at, 1, lead, out);
      fprintf(out, "%s-", prefix);
      at += lead;
    } else {
      fputc(*at++, out);
    }
  }
}
