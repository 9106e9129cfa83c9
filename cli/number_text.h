/* number_text.h - numbers of tables for people, where one may be undefined (an R2 of a single row, a mean of nothing).
 */
#ifndef CLI_NUMBER_TEXT_H
#define CLI_NUMBER_TEXT_H

enum { NUMBER_TEXT = 32 };

/* `value` with so many decimals and `unit` behind it into text[NUMBER_TEXT], or "-" when it is no finite number.
 * Returns text. */
const char *number_text(double value, int decimals, const char *unit, char *text);

#endif
