// Debian's libxml2 shows ICU's headers, whose types clash with those of Foundation's own ICU as soon
// as one program imports both. Only the layout of a structure that we never touch depends on it.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/SAX2.h>
#include <libxml/xmlerror.h>
#include <libxml/parserInternals.h>
