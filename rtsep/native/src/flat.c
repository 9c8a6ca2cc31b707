/* The flat model file. */
#include "flat.h"

#include "extents.h"

#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "flat files are little-endian, and this processor is not"
#endif

_Static_assert(sizeof(FlatHeader) == 952 && sizeof(FlatNode) == 96, "there is no padding in them");

static const double MOST_WORK = 1 << 28; /* multiplications of a step, as in rtsep/model/gate.py */
enum { MOST_NODES = 1 << 16, LEAST_RATE = 1000, MOST_RATE = 768000, SHORTEST = 64 };

static uint32_t crc32(const uint8_t *bytes, size_t count) {
    uint32_t table[256], sum = UINT32_MAX;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < count; i++) sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 255];
    return ~sum;
}

static int is_length(int32_t length) {
    return length >= SHORTEST && length <= LONGEST_WINDOW && (length & (length - 1)) == 0;
}

/* Whether the windows can overlap-add to one, and the transforms of all lengths are to be had. */
static int has_geometry(const FlatHeader *header) {
    const int32_t hop = header->hop, synthesis = header->synthesis;
    if (!is_length(header->analysis) || hop < 1 || synthesis < 2 * hop || synthesis % (2 * hop) ||
        synthesis > header->analysis || header->look_ahead < 0 || header->look_ahead > MOST_LOOK_AHEAD ||
        header->look_ahead * (int64_t)hop > LONGEST_WINDOW)
        return 0;
    for (int i = 0; i < header->contexts; i++)
        if (!is_length(header->context[i]) || header->context[i] < header->analysis) return 0;
    return 1;
}

/* Whether a stem's name ends, and is of letters, digits, spaces, - and _. */
static int is_name(const char *name, size_t room) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_";
    return name[0] && memchr(name, 0, room) && name[strspn(name, letters)] == 0;
}

static int has_names(const FlatHeader *header) {
    int good = memchr(header->name, 0, sizeof header->name) != NULL;
    for (int i = 0; i < header->stems; i++) good = good && is_name(header->stem[i], sizeof header->stem[i]);
    return good;
}

static int has_counts(const FlatHeader *header) {
    return header->stems >= 1 && header->stems <= MOST_STEMS && header->contexts >= 0 &&
           header->contexts <= MOST_CONTEXTS && (header->stereo == 0 || header->stereo == 1) &&
           header->features == 1 + header->contexts + 2 * header->stereo && header->nodes >= 1 &&
           header->nodes <= MOST_NODES && header->states >= 0 && header->states <= MOST_NODES &&
           header->samplerate >= LEAST_RATE && header->samplerate <= MOST_RATE;
}

/* Whether a part of the file is in it, and begins at a line. */
static int in_file(const FlatHeader *header, uint64_t at, uint64_t size) {
    return at % LINE == 0 && at >= sizeof *header && at <= header->size && size <= header->size - at;
}

static int has_parts(const FlatHeader *header) {
    return header->weights_size % LINE == 0 && header->values_size % LINE == 0 && header->values_size <= MOST_BYTES &&
           in_file(header, header->weights_at, header->weights_size) &&
           in_file(header, header->nodes_at, (uint64_t)header->nodes * sizeof(FlatNode)) &&
           in_file(header, header->clear_at, (uint64_t)header->states * sizeof(FlatNode));
}

rtsep_Error flat_read(FlatHeader *header, const uint8_t *file, size_t size) {
    const size_t summed = offsetof(FlatHeader, size);
    if (size < sizeof *header || memcmp(file, "RTSEPMDL", 8)) return RTSEP_NO_MODEL;
    memcpy(header, file, sizeof *header);
    if (header->version != FLAT_VERSION) return RTSEP_OTHER_VERSION;
    if (header->size != size || size > MOST_BYTES || header->checksum != crc32(file + summed, size - summed))
        return RTSEP_DAMAGED;
    return has_counts(header) && has_names(header) && has_geometry(header) && has_parts(header) ? RTSEP_OK
                                                                                                : RTSEP_MALFORMED;
}

void flat_take(FlatProgram *program, const FlatHeader *header, Arena *arena) {
    program->image = take(arena, header->weights_size + header->values_size, 1);
    program->nodes = take(arena, (size_t)header->nodes, sizeof(rtsep_Node));
    program->clear = take(arena, (size_t)header->states, sizeof(rtsep_Node));
}

/* Address of a place; none where a node does not read it, and it is anything. */
static void *at(const FlatProgram *program, const FlatHeader *header, uint64_t place) {
    return place < header->weights_size + header->values_size ? program->image + place : NULL;
}

/* Give a checked node its addresses. */
static rtsep_Node loaded(const FlatProgram *program, const FlatHeader *header, const FlatNode *node) {
    return (rtsep_Node){.kind = node->kind, .rows = node->rows, .columns = node->columns, .inputs = node->inputs,
                        .out_row = (ptrdiff_t)node->out_row, .a_row = (ptrdiff_t)node->a_row,
                        .a_column = (ptrdiff_t)node->a_column, .b_row = (ptrdiff_t)node->b_row,
                        .b_column = (ptrdiff_t)node->b_column, .out = at(program, header, node->out),
                        .a = at(program, header, node->a), .b = at(program, header, node->b),
                        .weights = at(program, header, node->weights),
                        .spans = at(program, header, node->spans)};
}

static FlatNode node_of(const uint8_t *file, uint64_t begin, int index) {
    FlatNode node;
    memcpy(&node, file + begin + (size_t)index * sizeof node, sizeof node);
    return node;
}

/* Weights as they lie in the file, tile by tile and signed, to the order in which a variant reads them. */
static void pack(const uint8_t *from, uint8_t *to, int columns, int inputs, const rtsep_Variant *variant) {
    enum { TILE = 16, BLOCK = 64, FOURS = BLOCK / 4, FOUR = 4 * TILE };
    const int blocks = (inputs + BLOCK - 1) / BLOCK, tiles = columns / TILE;
    const size_t block_bytes = (FOURS + 1) * FOUR, tile_bytes = blocks * block_bytes;
    for (int tile = 0, count; tile < tiles; tile += count) {
        count = tiles - tile >= variant->tiles_together ? variant->tiles_together : 1;
        for (int block = 0; block < blocks; block++)
            for (int part = 0; part <= FOURS; part++) /* after the weights come the scales */
                for (int t = 0; t < count; t++, to += FOUR) {
                    memcpy(to, from + (tile + t) * tile_bytes + block * block_bytes + (size_t)part * FOUR, FOUR);
                    for (int i = 0; i < FOUR && part < FOURS; i++) to[i] = (uint8_t)(to[i] + variant->zero_point);
                }
    }
}

/* About how many multiplications a node takes. */
static double work_of(const FlatNode *node) {
    const double products = node->kind == RTSEP_BANDED || node->kind == RTSEP_BLOCKS ? node->inputs : 1;
    return (double)node->rows * (node->kind == RTSEP_MEAN ? node->inputs : node->columns * products);
}

rtsep_Error flat_load(FlatProgram *program, const FlatHeader *header, const uint8_t *file,
                      const rtsep_Variant *variant) {
    const uint8_t *weights = file + header->weights_at;
    double work = 0;
    memcpy(program->image, weights, header->weights_size);
    for (int i = 0; i < header->nodes; i++) { /* before any is checked: spans are read from the image */
        const FlatNode node = node_of(file, header->nodes_at, i);
        if (node.kind != RTSEP_BLOCKS) continue;
        if (!blocks_are_inside(&node, header, variant)) return RTSEP_MALFORMED;
        pack(weights + node.weights, program->image + node.weights, node.columns, node.inputs, variant);
    }
    for (int i = 0; i < header->nodes; i++) {
        const FlatNode node = node_of(file, header->nodes_at, i);
        if (!node_is_inside(&node, header, program->image)) return RTSEP_MALFORMED;
        program->nodes[i] = loaded(program, header, &node);
        work += work_of(&node);
    }
    if (work > MOST_WORK) return RTSEP_MALFORMED;
    for (int i = 0; i < header->states; i++) {
        const FlatNode node = node_of(file, header->clear_at, i);
        if (node.kind != RTSEP_COPY || !node_is_inside(&node, header, program->image)) return RTSEP_MALFORMED;
        program->clear[i] = loaded(program, header, &node);
    }
    return ends_are_inside(header) ? RTSEP_OK : RTSEP_MALFORMED;
}

void flat_clear(FlatProgram *program, const FlatHeader *header) {
    memset(program->image + header->weights_size, 0, header->values_size);
}
