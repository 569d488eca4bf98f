/* Runs a fuzzer's function over files, for machines that have no libFuzzer:
 * tests/e2e/test_scanner.py lets the other architecture's vectors be emulated. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FILE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    static uint8_t bytes[FILE_MAX];
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f)
            return 1;
        size_t n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        LLVMFuzzerTestOneInput(bytes, n);
    }
    return 0;
}
