/*
 * names.h: enumerations by name.
 */
#ifndef CP_NAMES_H
#define CP_NAMES_H

#include <stdint.h>
#include <string.h>

/* Position of a name among count of them; count when it is none of them. */
static inline uint32_t
cp_name_position(const char *const *names, uint32_t count, const char *name)
{
	uint32_t position = 0;

	while (position < count && strcmp(names[position], name) != 0)
		position++;
	return position;
}

#endif
