// The floor of bench/scan.py: what reading CloudTrail objects costs a program that has no rules.
//
//     floor FOLDER
//
// Each .json.gz or .json file below FOLDER is read, inflated whole with libdeflate, and gone through
// once with simdjson's on-demand parser, which visits eventSource and eventName of each record.
// Prints files, bytes of JSON, records, and a sum over the two fields (so that nothing is left out).
//
// Not part of the program: bench/scan.py compiles it when g++, libdeflate-dev and libsimdjson-dev
// are there.
#include <libdeflate.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace {

constexpr size_t kPadding = simdjson::SIMDJSON_PADDING;

struct Totals {
    size_t files = 0, bytes = 0, records = 0, sum = 0;
};

[[noreturn]] void die(const std::filesystem::path &path, const char *why)
{
    std::fprintf(stderr, "floor: %s: %s\n", path.c_str(), why);
    std::exit(1);
}

void read_file(const std::filesystem::path &path, std::vector<char> &into)
{
    std::ifstream file(path, std::ios::binary);
    into.resize(std::filesystem::file_size(path));
    if (!file.read(into.data(), static_cast<std::streamsize>(into.size())))
        die(path, "cannot be read");
}

// Inflates `stored`; a gzip file's last four bytes tell its length.
size_t inflate(const std::filesystem::path &path, const std::vector<char> &stored,
               libdeflate_decompressor *codec, std::vector<char> &text)
{
    size_t n = 0, made = 0;
    if (stored.size() < 20)
        die(path, "too short for gzip");
    for (size_t i = 1; i <= 4; i++)
        n = n << 8 | static_cast<unsigned char>(stored[stored.size() - i]);
    if (text.size() < n + kPadding)
        text.resize(n + kPadding);
    if (libdeflate_gzip_decompress(codec, stored.data(), stored.size(), text.data(), n, &made) !=
        LIBDEFLATE_SUCCESS)
        die(path, "no gzip of one member");
    return made;
}

size_t length(simdjson::simdjson_result<simdjson::ondemand::value> value)
{
    std::string_view text;
    return value.get_string().get(text) ? 0 : text.size();
}

void visit(simdjson::ondemand::parser &parser, const std::vector<char> &text, size_t n, Totals &t)
{
    simdjson::ondemand::document doc;
    simdjson::ondemand::array records;
    if (parser.iterate(text.data(), n, text.size()).get(doc) || doc["Records"].get_array().get(records))
        return; // a digest, or no log
    for (auto item : records) {
        simdjson::ondemand::object record;
        if (item.get_object().get(record))
            return;
        t.sum += length(record["eventSource"]);
        t.sum += length(record["eventName"]);
        t.records++;
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fputs("usage: floor FOLDER\n", stderr);
        return 2;
    }
    libdeflate_decompressor *codec = libdeflate_alloc_decompressor();
    simdjson::ondemand::parser parser;
    std::vector<char> stored, text;
    Totals t;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(argv[1])) {
        if (!entry.is_regular_file())
            continue;
        const auto &path = entry.path();
        bool gzip = path.extension() == ".gz";
        if (!gzip && path.extension() != ".json")
            continue;
        read_file(path, gzip ? stored : text);
        size_t n = gzip ? inflate(path, stored, codec, text) : text.size();
        if (!gzip)
            text.resize(n + kPadding);
        visit(parser, text, n, t);
        t.files++;
        t.bytes += n;
    }
    libdeflate_free_decompressor(codec);
    std::printf("%zu files, %zu bytes of JSON, %zu records, %zu\n", t.files, t.bytes, t.records,
                t.sum);
}
