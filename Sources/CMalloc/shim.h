// mallopt(3), which Swift's view of the C library leaves out; other C libraries have none.
#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
