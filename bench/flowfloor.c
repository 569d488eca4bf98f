/* The floor of bench/flowlogs.py: what reading flow logs costs a program that looks for nothing.
 *
 *     flowfloor FILE...
 *
 * Inflates each gzip file whole with libdeflate and finds the end of each line with memchr. Prints
 * bytes of text and lines. Not part of the program: bench/flowlogs.py compiles it. */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64u << 20)

static size_t lines_of(const char *p, size_t n)
{
    size_t lines = 0;
    const char *end = p + n;
    for (const char *at; (at = memchr(p, '\n', (size_t)(end - p))); p = at + 1)
        lines++;
    return lines;
}

static size_t file_bytes(const char *name, char *to)
{
    FILE *f = fopen(name, "rb");
    size_t n = f ? fread(to, 1, TEXT_MAX, f) : 0;
    if (f)
        fclose(f);
    return n;
}

int main(int argc, char **argv)
{
    struct libdeflate_decompressor *codec = libdeflate_alloc_decompressor();
    char *stored = malloc(TEXT_MAX), *text = malloc(TEXT_MAX);
    size_t bytes = 0, lines = 0;
    if (!codec || !stored || !text)
        return 1;
    for (int i = 1; i < argc; i++) {
        size_t n = file_bytes(argv[i], stored), made = 0;
        if (libdeflate_gzip_decompress(codec, stored, n, text, TEXT_MAX, &made) != 0) {
            fprintf(stderr, "flowfloor: %s cannot be inflated\n", argv[i]);
            return 1;
        }
        bytes += made;
        lines += lines_of(text, made);
    }
    printf("%zu bytes, %zu lines\n", bytes, lines);
    libdeflate_free_decompressor(codec);
    free(stored);
    free(text);
    return 0;
}
