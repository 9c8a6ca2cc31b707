/* Every field of the structures in program.h, in their order, with its place: for callers in other languages. */
#include "program.h"

#define FIELD(structure, name, pointer)                                                                              \
    {#structure, #name, (int32_t)offsetof(rtsep_##structure, name),                                                  \
     (int32_t)sizeof(((rtsep_##structure *)0)->name), pointer, (int32_t)sizeof(rtsep_##structure)}
#define NUMBER(structure, name) FIELD(structure, name, 0)
#define POINTER(structure, name) FIELD(structure, name, 1)

static const rtsep_Field fields[] = {
    NUMBER(Node, kind), NUMBER(Node, rows), NUMBER(Node, columns), NUMBER(Node, inputs), NUMBER(Node, out_row),
    NUMBER(Node, a_row), NUMBER(Node, a_column), NUMBER(Node, b_row), NUMBER(Node, b_column), POINTER(Node, out),
    POINTER(Node, a), POINTER(Node, b), POINTER(Node, weights), POINTER(Node, spans),

    NUMBER(Transform, length), NUMBER(Transform, columns), NUMBER(Transform, windowed), NUMBER(Transform, unused),
    POINTER(Transform, window), POINTER(Transform, cosines), POINTER(Transform, sines),
    POINTER(Transform, twiddle_real), POINTER(Transform, twiddle_imaginary),

    NUMBER(Feature, kind), NUMBER(Feature, bins), POINTER(Feature, transform), POINTER(Feature, values),

    NUMBER(Plan, hop), NUMBER(Plan, synthesis), NUMBER(Plan, bins), NUMBER(Plan, channels), NUMBER(Plan, outputs),
    NUMBER(Plan, stems), NUMBER(Plan, features), NUMBER(Plan, nodes), NUMBER(Plan, longest),
    NUMBER(Plan, history_size), NUMBER(Plan, scratch_bins), NUMBER(Plan, states),
    NUMBER(Plan, look_ahead), NUMBER(Plan, unused), NUMBER(Plan, estimates_row),
    POINTER(Plan, forward), POINTER(Plan, inverse), POINTER(Plan, feature), POINTER(Plan, node),
    POINTER(Plan, clear), POINTER(Plan, estimates),

    NUMBER(State, end), NUMBER(State, spoilt), NUMBER(State, newest), NUMBER(State, pair),
    POINTER(State, history), POINTER(State, spectra),
    POINTER(State, scratch), POINTER(State, masks), POINTER(State, sums), POINTER(State, frame), POINTER(State, tails),
    POINTER(State, work), POINTER(State, mid), POINTER(State, pair_sums),

    POINTER(Variant, name), NUMBER(Variant, tiles_together), NUMBER(Variant, zero_point),
    NUMBER(Variant, most_inputs), NUMBER(Variant, unused), POINTER(Variant, step), POINTER(Variant, hops),
};

const rtsep_Field *rtsep_fields(int *count) {
    *count = (int)(sizeof fields / sizeof *fields);
    return fields;
}
