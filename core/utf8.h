/* utf8.h - inside core: text from anywhere made fit for JSON and protobuf, which refuse what is not UTF-8. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

/* In place: a byte that belongs to no character becomes '?', a character cut off by the end of the text goes. */
void utf8_repair(char *text);

#endif
