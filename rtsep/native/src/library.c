/* What callers see: the variants that were built, and which of them this processor can run. */
#include "float_mode.h"
#include "program.h"

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if !defined(RTSEP_BUILD)
#define RTSEP_BUILD "unknown"
#endif

static int always(void) {
    return 1;
}

#if defined(RTSEP_HAS_avx512vnni)
extern const rtsep_Variant variant_avx512vnni;
static int has_avx512vnni(void) {
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}
#endif

#if defined(RTSEP_HAS_avxvnni)
#include <cpuid.h>
extern const rtsep_Variant variant_avxvnni;
static int has_avxvnni(void) { /* not all compilers know this one by name */
    unsigned a = 0, b, c, d;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
           (a & 1u << 4) != 0;
}
#endif

#if defined(RTSEP_HAS_avx2)
extern const rtsep_Variant variant_avx2;
static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#if defined(RTSEP_HAS_dotprod)
extern const rtsep_Variant variant_dotprod;
static int has_dotprod(void) {
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
    return 1; /* every Mac that runs this */
#endif
}
#endif

#if defined(RTSEP_HAS_neon)
extern const rtsep_Variant variant_neon;
#endif
extern const rtsep_Variant variant_scalar;

static const struct {
    const rtsep_Variant *variant;
    int (*supported)(void);
} variants[] = {
#if defined(RTSEP_HAS_avx512vnni)
    {&variant_avx512vnni, has_avx512vnni},
#endif
#if defined(RTSEP_HAS_avxvnni)
    {&variant_avxvnni, has_avxvnni},
#endif
#if defined(RTSEP_HAS_avx2)
    {&variant_avx2, has_avx2},
#endif
#if defined(RTSEP_HAS_dotprod)
    {&variant_dotprod, has_dotprod},
#endif
#if defined(RTSEP_HAS_neon)
    {&variant_neon, always}, /* a part of the family */
#endif
    {&variant_scalar, always},
};

const char *rtsep_build(void) {
    return RTSEP_BUILD;
}

int rtsep_variants(void) {
    return (int)(sizeof variants / sizeof *variants);
}

const rtsep_Variant *rtsep_variant(int index) {
    return index >= 0 && index < rtsep_variants() && variants[index].supported() ? variants[index].variant : NULL;
}

const char *rtsep_variant_name(int index) {
    return index >= 0 && index < rtsep_variants() ? variants[index].variant->name : NULL;
}

void rtsep_step(const rtsep_Variant *variant, const rtsep_Node *nodes, int count) {
    const uint64_t mode = denormals_off();
    variant->step(nodes, count);
    restore_mode(mode);
}

void rtsep_hops(const rtsep_Variant *variant, const rtsep_Plan *plan, rtsep_State *state, int hops, const float *block,
                ptrdiff_t channel_stride, const float *weights, ptrdiff_t weights_stride, float *out) {
    const uint64_t mode = denormals_off();
    variant->hops(plan, state, hops, block, channel_stride, weights, weights_stride, out);
    restore_mode(mode);
}
