// libFuzzer brings the main of this program, and calls what stands here with each of its inputs.
// In C, because a Swift program would bring a main of its own.

#include <stddef.h>
#include <stdint.h>

// FuzzKit's.
int viaduct_fuzz_one(const uint8_t *start, intptr_t count);

int LLVMFuzzerTestOneInput(const uint8_t *start, size_t count) {
    return viaduct_fuzz_one(start, (intptr_t)count);
}
