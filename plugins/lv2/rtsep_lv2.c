/* The LV2 plugins: `remove` mixes the stems of a stereo sound anew, `split` gives each of them a pair of outputs.
 *
 * Ports and their ranges are those of ports.h, which describe.py makes from the table of controls.
 */
#include "ports.h"
#include "rtsep.h"

#include <lv2/atom/atom.h>
#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>
#include <lv2/state/state.h>
#include <lv2/urid/urid.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, ROWS = STEMS * CHANNELS, FRAMES = 1024 };

typedef struct {
    rtsep_Separator *separator;
    double rate;
    int mixes;                       /* whether all stems go to one pair of outputs */
    char *bundle, *path;             /* where the plugin lies; of the model, NULL for the one in the bundle */
    const float *in[CHANNELS];
    float *out[ROWS], *latency;
    const float *controls[CONTROLS];
    float seen[CONTROLS];            /* their latest values */
    float stems[ROWS][FRAMES];
    LV2_URID_Map *map;
    LV2_Log_Logger logger;
    LV2_URID model, path_type;
} Plugin;

/* Linear value of a port; who moves one out of its range gets the nearest end. */
static float linear(const Port *port, float value) {
    const float least = port->minimum, inside = value > least ? (value < port->maximum ? value : port->maximum) : least;
    if (!port->decibels) return inside;
    return inside > least ? powf(10.0f, inside / 20.0f) : 0.0f; /* the lowest is off */
}

static void follow(Plugin *plugin) {
    for (int i = 0; i < CONTROLS; i++) {
        if (!plugin->controls[i] || *plugin->controls[i] == plugin->seen[i]) continue;
        plugin->seen[i] = *plugin->controls[i];
        rtsep_set(plugin->separator, ports[i].control, ports[i].stem, linear(&ports[i], plugin->seen[i]));
    }
}

/* Let all controls be read anew. */
static void forget_controls(Plugin *plugin) {
    for (int i = 0; i < CONTROLS; i++) plugin->seen[i] = NAN; /* unlike any number */
}

static char *copy_of(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* A sample rate as the core takes it: one that cannot be is refused there. */
static int whole_rate(double rate) {
    return rate >= 1.0 && rate <= 1e6 ? (int)lrint(rate) : -1;
}

/* Open a model in place of the one that there is, which stays where that fails. */
static rtsep_Error open_model(Plugin *plugin, const char *path) {
    const rtsep_Options options = {.samplerate = whole_rate(plugin->rate), .channels = CHANNELS,
                                   .stems = STEM_NAMES};
    rtsep_Separator *separator;
    const rtsep_Error error = rtsep_open(path, &options, &separator);
    if (error) {
        lv2_log_error(&plugin->logger, "rtsep: %s: %s\n", path, rtsep_message(error));
        return error;
    }
    rtsep_close(plugin->separator);
    plugin->separator = separator;
    forget_controls(plugin);
    return RTSEP_OK;
}

static rtsep_Error open_own_model(Plugin *plugin) {
    char *path = malloc(strlen(plugin->bundle) + sizeof MODEL);
    if (!path) return RTSEP_NO_MEMORY;
    const rtsep_Error error = open_model(plugin, strcat(strcpy(path, plugin->bundle), MODEL));
    free(path);
    return error;
}

static void cleanup(LV2_Handle handle) {
    Plugin *plugin = handle;
    rtsep_close(plugin->separator);
    free(plugin->bundle);
    free(plugin->path);
    free(plugin);
}

static LV2_Handle instantiate(const LV2_Descriptor *descriptor, double rate, const char *bundle,
                              const LV2_Feature *const *features) {
    Plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin) return NULL;
    lv2_features_query(features, LV2_LOG__log, &plugin->logger.log, false, LV2_URID__map, &plugin->map, false, NULL);
    lv2_log_logger_set_map(&plugin->logger, plugin->map);
    plugin->rate = rate;
    plugin->mixes = !strcmp(descriptor->URI, REMOVE_URI);
    plugin->bundle = copy_of(bundle);
    if (plugin->map) {
        plugin->model = plugin->map->map(plugin->map->handle, MODEL_URI);
        plugin->path_type = plugin->map->map(plugin->map->handle, LV2_ATOM__Path);
    }
    if (!plugin->bundle || open_own_model(plugin)) {
        cleanup(plugin);
        return NULL;
    }
    return plugin;
}

static void connect_port(LV2_Handle handle, uint32_t port, void *data) {
    Plugin *plugin = handle;
    const uint32_t outputs = plugin->mixes ? CHANNELS : ROWS, after = CHANNELS + outputs;
    if (port < CHANNELS) plugin->in[port] = data;
    else if (port < after) plugin->out[port - CHANNELS] = data;
    else if (port == after) plugin->latency = data;
    else if (port - after <= CONTROLS) plugin->controls[port - after - 1] = data;
}

static void activate(LV2_Handle handle) {
    Plugin *plugin = handle;
    rtsep_reset(plugin->separator);
}

/* Add up the stems of a channel. */
static void mix(const Plugin *plugin, int channel, uint32_t frames, float *out) {
    memcpy(out, plugin->stems[channel], frames * sizeof(float));
    for (int stem = 1; stem < STEMS; stem++)
        for (uint32_t i = 0; i < frames; i++) out[i] += plugin->stems[stem * CHANNELS + channel][i];
}

static void run(LV2_Handle handle, uint32_t frames) {
    Plugin *plugin = handle;
    follow(plugin);
    if (plugin->latency) *plugin->latency = (float)rtsep_latency(plugin->separator);
    for (uint32_t done = 0, count; done < frames; done += count) {
        count = frames - done < FRAMES ? frames - done : FRAMES;
        const float *const in[] = {plugin->in[0] + done, plugin->in[1] + done};
        float *stems[ROWS];
        for (int row = 0; row < ROWS; row++) stems[row] = plugin->mixes ? plugin->stems[row] : plugin->out[row] + done;
        rtsep_process(plugin->separator, in, stems, (int)count);
        for (int channel = 0; plugin->mixes && channel < CHANNELS; channel++)
            mix(plugin, channel, count, plugin->out[channel] + done);
    }
}

/* Keep the path of a model that is not the one in the bundle. */
static LV2_State_Status save(LV2_Handle handle, LV2_State_Store_Function store, LV2_State_Handle state, uint32_t flags,
                             const LV2_Feature *const *features) {
    const Plugin *plugin = handle;
    LV2_State_Map_Path *paths = lv2_features_data(features, LV2_STATE__mapPath);
    LV2_State_Free_Path *freeing = lv2_features_data(features, LV2_STATE__freePath);
    (void)flags;
    if (!plugin->path) return LV2_STATE_SUCCESS;
    if (!paths || !plugin->map) return LV2_STATE_ERR_NO_FEATURE;
    char *abstract = paths->abstract_path(paths->handle, plugin->path);
    if (!abstract) return LV2_STATE_ERR_UNKNOWN;
    const LV2_State_Status status = store(state, plugin->model, abstract, strlen(abstract) + 1, plugin->path_type,
                                          LV2_STATE_IS_POD);
    if (freeing) freeing->free_path(freeing->handle, abstract);
    else free(abstract);
    return status;
}

/* Open the model that was kept, or that somebody has written into a state or a preset. */
static LV2_State_Status restore(LV2_Handle handle, LV2_State_Retrieve_Function retrieve, LV2_State_Handle state,
                                uint32_t flags, const LV2_Feature *const *features) {
    Plugin *plugin = handle;
    LV2_State_Map_Path *paths = lv2_features_data(features, LV2_STATE__mapPath);
    LV2_State_Free_Path *freeing = lv2_features_data(features, LV2_STATE__freePath);
    size_t size = 0;
    uint32_t type = 0, how = 0;
    (void)flags;
    const char *kept = plugin->map ? retrieve(state, plugin->model, &size, &type, &how) : NULL;
    char *path = NULL;
    if (kept && (type != plugin->path_type || size == 0 || kept[size - 1])) return LV2_STATE_ERR_BAD_TYPE;
    if (kept) {
        char *absolute = paths ? paths->absolute_path(paths->handle, kept) : NULL;
        path = copy_of(absolute ? absolute : kept);
        if (absolute && freeing) freeing->free_path(freeing->handle, absolute);
        else free(absolute);
    }
    if (path ? open_model(plugin, path) : plugin->path && open_own_model(plugin)) {
        free(path);
        return LV2_STATE_ERR_UNKNOWN;
    }
    free(plugin->path);
    plugin->path = path;
    return LV2_STATE_SUCCESS;
}

static const void *extension_data(const char *uri) {
    static const LV2_State_Interface state = {save, restore};
    return strcmp(uri, LV2_STATE__interface) ? NULL : &state;
}

static const LV2_Descriptor plugins[] = {
    {REMOVE_URI, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {SPLIT_URI, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
};

LV2_SYMBOL_EXPORT const LV2_Descriptor *lv2_descriptor(uint32_t index) {
    return index < sizeof plugins / sizeof *plugins ? &plugins[index] : NULL;
}
