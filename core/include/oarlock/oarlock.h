/* The C interface of oarlock: load a model, open a session on devices, run it.
 *
 * Conventions
 *   - Functions that can fail return an oarlock_code; OARLOCK_OK is 0. On failure outputs are left
 *     alone and oarlock_last_error() says, for the calling thread, what is wrong and what to do.
 *   - Handles are opaque. What an `out` parameter delivers belongs to the caller and is given back
 *     with the matching _free function, which accepts NULL. Handles may be freed in any order:
 *     each keeps alive what it needs.
 *   - Text is UTF-8 and ends with 0. Pointers returned by getters live as long as their handle.
 *   - No exception ever leaves these functions. NULL where a handle is needed gives OARLOCK_INVALID
 *     (getters: 0 or NULL).
 *
 * Threads: models, values and options may be read from many threads at once and changed from one.
 * oarlock_session_run may be called on one session from many threads at once. Other calls on a
 * session are for one thread at a time.
 */
#ifndef OARLOCK_OARLOCK_H_
#define OARLOCK_OARLOCK_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t oarlock_code;
enum {
  OARLOCK_OK = 0,
  OARLOCK_INVALID = 1,     /* wrong name, shape, type, malformed file */
  OARLOCK_UNSUPPORTED = 2, /* understood, but not implemented */
  OARLOCK_UNAVAILABLE = 3, /* a device, library or plugin is not present */
  OARLOCK_OUT_OF_MEMORY = 4,
  OARLOCK_IO = 5, /* a file cannot be read or written */
  OARLOCK_CANCELLED = 6,
  OARLOCK_INTERNAL = 7 /* a bug in oarlock */
};

/* Element types; the numbers are those of ONNX. */
typedef int32_t oarlock_dtype;
enum {
  OARLOCK_UNDEFINED = 0,
  OARLOCK_FLOAT32 = 1,
  OARLOCK_UINT8 = 2,
  OARLOCK_INT8 = 3,
  OARLOCK_UINT16 = 4,
  OARLOCK_INT16 = 5,
  OARLOCK_INT32 = 6,
  OARLOCK_INT64 = 7,
  OARLOCK_STRING = 8,
  OARLOCK_BOOL = 9,
  OARLOCK_FLOAT16 = 10,
  OARLOCK_FLOAT64 = 11,
  OARLOCK_UINT32 = 12,
  OARLOCK_UINT64 = 13,
  OARLOCK_COMPLEX64 = 14,
  OARLOCK_COMPLEX128 = 15,
  OARLOCK_BFLOAT16 = 16,
  OARLOCK_FLOAT8E4M3FN = 17,
  OARLOCK_FLOAT8E4M3FNUZ = 18,
  OARLOCK_FLOAT8E5M2 = 19,
  OARLOCK_FLOAT8E5M2FNUZ = 20,
  OARLOCK_UINT4 = 21,
  OARLOCK_INT4 = 22,
  OARLOCK_FLOAT4E2M1 = 23,
  OARLOCK_FLOAT8E8M0 = 24,
  OARLOCK_UINT2 = 25,
  OARLOCK_INT2 = 26
};

typedef enum oarlock_kind {
  OARLOCK_NOTHING = 0, /* an empty optional */
  OARLOCK_TENSOR = 1,
  OARLOCK_SEQUENCE = 2,
  OARLOCK_MAP = 3
} oarlock_kind;

typedef struct oarlock_model oarlock_model;
typedef struct oarlock_options oarlock_options;
typedef struct oarlock_session oarlock_session;
typedef struct oarlock_value oarlock_value;
typedef struct oarlock_cancellation oarlock_cancellation;
typedef struct oarlock_devices oarlock_devices;

const char* oarlock_version(void);
/* Of the last call of this thread that failed; "" before. Valid until its next failing call. */
const char* oarlock_last_error(void);
/* "invalid", "io", ... */
const char* oarlock_code_name(oarlock_code code);

/* --- Models ------------------------------------------------------------------------------------
 */

/* Maps an .oar file. */
oarlock_code oarlock_model_load(const char* path, oarlock_model** out);
/* The same from memory, which is copied. */
oarlock_code oarlock_model_load_bytes(const void* bytes, size_t size, oarlock_model** out);
oarlock_code oarlock_model_save(const oarlock_model* model, const char* path);
void oarlock_model_free(oarlock_model* model);

/* --- Options of a session ----------------------------------------------------------------------
 */

oarlock_code oarlock_options_new(oarlock_options** out);
void oarlock_options_free(oarlock_options* options);
/* Devices in order of preference; none: "cpu". "reference" always comes last. */
oarlock_code oarlock_options_add_device(oarlock_options* options, const char* name);
/* 0: what cgroup and affinity allow. */
oarlock_code oarlock_options_set_threads(oarlock_options* options, int threads);
/* An error instead of falling back to a less preferred device. */
oarlock_code oarlock_options_set_strict(oarlock_options* options, bool strict);
/* A folder or file of backend libraries to load. */
oarlock_code oarlock_options_add_backend_path(oarlock_options* options, const char* path);
/* A setting of a device. */
oarlock_code oarlock_options_set(oarlock_options* options, const char* key, const char* value);

/* --- Sessions ----------------------------------------------------------------------------------
 */

/* `options` may be NULL. */
oarlock_code oarlock_session_open(const char* path, const oarlock_options* options,
                                  oarlock_session** out);
oarlock_code oarlock_session_open_model(const oarlock_model* model, const oarlock_options* options,
                                        oarlock_session** out);
void oarlock_session_free(oarlock_session* session);

size_t oarlock_session_input_count(const oarlock_session* session);
size_t oarlock_session_output_count(const oarlock_session* session);
/* NULL beyond the last one. */
const char* oarlock_session_input_name(const oarlock_session* session, size_t index);
const char* oarlock_session_output_name(const oarlock_session* session, size_t index);
/* "float32[batch, 3, 224, 224]"; NULL beyond the last one. */
const char* oarlock_session_input_type(const oarlock_session* session, size_t index);
const char* oarlock_session_output_type(const oarlock_session* session, size_t index);

/* Runs on `inputs` in the order of the model and waits for the results. An entry of `outputs` that
 * is NULL receives a new value. One that holds a tensor of the right type and shape is written in
 * place, any other is given new contents. If all outputs fit and the input shapes were seen before,
 * nothing is allocated. `cancel` may be NULL. */
oarlock_code oarlock_session_run(oarlock_session* session, const oarlock_value* const* inputs,
                                 size_t input_count, oarlock_value** outputs, size_t output_count,
                                 const oarlock_cancellation* cancel);
/* A table of the latest plan, or of one for unknown extents of 1. Free with oarlock_text_free. */
oarlock_code oarlock_session_explain(oarlock_session* session, char** out);
/* Writes the weights as packed for the plans made so far to files beside the model's, "<model
 * file>.packed-cpu", which later sessions on the model's file map instead of packing. The names of
 * the files, one a line; free with oarlock_text_free. */
oarlock_code oarlock_session_prepack(oarlock_session* session, char** out);
void oarlock_text_free(char* text);

/* A flag that stops runs between two steps when set, from any thread. */
oarlock_code oarlock_cancellation_new(oarlock_cancellation** out);
void oarlock_cancellation_set(oarlock_cancellation* cancel, bool cancelled);
void oarlock_cancellation_free(oarlock_cancellation* cancel);

/* --- Values ------------------------------------------------------------------------------------
 */

/* A row-major tensor with a copy of `data`, or zeros if it is NULL. `bytes` must be what the
 * elements take; types below 8 bits are packed, first element in the low bits. Not for strings. */
oarlock_code oarlock_value_tensor(oarlock_dtype dtype, const int64_t* shape, size_t rank,
                                  const void* data, size_t bytes, oarlock_value** out);
/* A tensor on memory of the caller, without a copy. `release(context)`, unless NULL, is called once
 * when nothing uses the memory any more. */
oarlock_code oarlock_value_view(oarlock_dtype dtype, const int64_t* shape, size_t rank, void* data,
                                size_t bytes, void (*release)(void* context), void* context,
                                oarlock_value** out);
/* A tensor of strings: as many as the shape says, any bytes. `lengths` NULL: they end with 0. */
oarlock_code oarlock_value_strings(const int64_t* shape, size_t rank, const char* const* strings,
                                   const size_t* lengths, oarlock_value** out);
/* The items are shared, not copied. */
oarlock_code oarlock_value_sequence(const oarlock_value* const* items, size_t count,
                                    oarlock_value** out);
/* A map: two tensors of one dimension with as many elements, shared, not copied; the keys are
 * integers or strings, none of them twice. */
oarlock_code oarlock_value_map(const oarlock_value* keys, const oarlock_value* values,
                               oarlock_value** out);
oarlock_code oarlock_value_nothing(oarlock_value** out);
void oarlock_value_free(oarlock_value* value);

oarlock_kind oarlock_value_kind(const oarlock_value* value);
/* Tensors; 0, NULL or OARLOCK_UNDEFINED for other kinds. */
oarlock_dtype oarlock_value_dtype(const oarlock_value* value);
size_t oarlock_value_rank(const oarlock_value* value);
const int64_t* oarlock_value_shape(const oarlock_value* value);
int64_t oarlock_value_elements(const oarlock_value* value);
/* The elements; NULL for strings. */
void* oarlock_value_data(oarlock_value* value);
size_t oarlock_value_bytes(const oarlock_value* value);
/* A string element with its length in `length`, which may be NULL; NULL outside the tensor. */
const char* oarlock_value_string(const oarlock_value* value, size_t index, size_t* length);
/* Sequences, and maps, whose two items are the keys and the values. The item is a new handle that
 * shares the contents. */
size_t oarlock_value_count(const oarlock_value* value);
oarlock_code oarlock_value_item(const oarlock_value* value, size_t index, oarlock_value** out);

/* --- Operators of the application --------------------------------------------------------------
 * An operator is described, given its functions and registered; conversions and sessions that begin
 * afterwards in this process know it, and sessions run it on the reference device. Another
 * registration of the same name is the one that counts from then on. docs/custom_operators.md has
 * an example.
 *
 * The functions return OARLOCK_OK, the code that an oarlock_ function gave them, or what
 * oarlock_fail() returns. They are called from any thread that converts, opens or runs, from
 * several at once if the application does so, and also at conversion when all inputs are constant.
 * What they are given is valid until they return; `context` must be valid until the process ends.
 */

typedef struct oarlock_op oarlock_op;       /* a description */
typedef struct oarlock_node oarlock_node;   /* a node of a model */
typedef struct oarlock_infer oarlock_infer; /* what is known of its inputs before running */
typedef struct oarlock_call oarlock_call;   /* one run of it */
typedef oarlock_code (*oarlock_infer_function)(oarlock_infer* infer, void* context);
typedef oarlock_code (*oarlock_run_function)(oarlock_call* call, void* context);

#define OARLOCK_MANY SIZE_MAX /* as many inputs or outputs as there are */

typedef enum oarlock_attribute {
  OARLOCK_INTEGER = 0,
  OARLOCK_NUMBER = 1,
  OARLOCK_TEXT = 2,
  OARLOCK_INTEGERS = 6,
  OARLOCK_NUMBERS = 7
} oarlock_attribute;

/* One input and one output, no attributes. `domain` is neither "" nor "oarlock". */
oarlock_code oarlock_op_new(const char* domain, const char* name, oarlock_op** out);
void oarlock_op_free(oarlock_op* op);
oarlock_code oarlock_op_set_inputs(oarlock_op* op, size_t least, size_t most);
oarlock_code oarlock_op_set_outputs(oarlock_op* op, size_t least, size_t most);
/* Nodes may have no other attributes than those added; a required one must be there. */
oarlock_code oarlock_op_add_attribute(oarlock_op* op, const char* name, oarlock_attribute kind,
                                      bool required);
/* Different results for the same inputs: it is run every time. */
oarlock_code oarlock_op_set_impure(oarlock_op* op);
/* `infer` may be NULL: then types are known only while running. */
oarlock_code oarlock_op_set_functions(oarlock_op* op, oarlock_infer_function infer,
                                      oarlock_run_function run, void* context);
/* The description may be freed afterwards. Thread-safe. */
oarlock_code oarlock_op_register(const oarlock_op* op);

/* Sets what oarlock_last_error() tells, and returns `code`. */
oarlock_code oarlock_fail(oarlock_code code, const char* message);

const char* oarlock_node_name(const oarlock_node* node);
bool oarlock_node_has(const oarlock_node* node, const char* attribute);
/* `fallback`, NULL or 0 when the node has no such attribute. */
int64_t oarlock_node_integer(const oarlock_node* node, const char* attribute, int64_t fallback);
float oarlock_node_number(const oarlock_node* node, const char* attribute, float fallback);
const char* oarlock_node_text(const oarlock_node* node, const char* attribute);
/* How many there are; `out`, which may be NULL, points at them. */
size_t oarlock_node_integers(const oarlock_node* node, const char* attribute, const int64_t** out);
size_t oarlock_node_numbers(const oarlock_node* node, const char* attribute, const float** out);

const oarlock_node* oarlock_infer_node(const oarlock_infer* infer);
size_t oarlock_infer_input_count(const oarlock_infer* infer);
/* OARLOCK_UNDEFINED when the input is omitted or no tensor. */
oarlock_dtype oarlock_infer_input_dtype(const oarlock_infer* infer, size_t index);
size_t oarlock_infer_input_rank(const oarlock_infer* infer, size_t index);
/* Extents that are not known yet are -1. */
const int64_t* oarlock_infer_input_shape(const oarlock_infer* infer, size_t index);
/* NULL unless the input is constant. */
const oarlock_value* oarlock_infer_input_value(oarlock_infer* infer, size_t index);
size_t oarlock_infer_output_count(const oarlock_infer* infer);
/* Extents may be -1. */
oarlock_code oarlock_infer_set_output(oarlock_infer* infer, size_t index, oarlock_dtype dtype,
                                      const int64_t* shape, size_t rank);

const oarlock_node* oarlock_call_node(const oarlock_call* call);
size_t oarlock_call_input_count(const oarlock_call* call);
/* NULL when the input is omitted. */
const oarlock_value* oarlock_call_input(const oarlock_call* call, size_t index);
size_t oarlock_call_output_count(const oarlock_call* call);
/* Memory for output `index`, its contents undefined, of the type that was inferred. Not for
 * strings. */
oarlock_code oarlock_call_output(oarlock_call* call, size_t index, oarlock_dtype dtype,
                                 const int64_t* shape, size_t rank, void** data);
/* Any value as output `index`; tensors may be copied. */
oarlock_code oarlock_call_set_output(oarlock_call* call, size_t index, const oarlock_value* value);
/* Whether somebody asked the run to stop. */
bool oarlock_call_cancelled(const oarlock_call* call);

/* --- Devices -----------------------------------------------------------------------------------
 */

/* Devices that a session could name, "reference" last. `options` may be NULL. */
oarlock_code oarlock_devices_list(const oarlock_options* options, oarlock_devices** out);
void oarlock_devices_free(oarlock_devices* devices);
size_t oarlock_devices_count(const oarlock_devices* devices);
const char* oarlock_devices_name(const oarlock_devices* devices, size_t index);
const char* oarlock_devices_description(const oarlock_devices* devices, size_t index);

#ifdef __cplusplus
}
#endif

#endif /* OARLOCK_OARLOCK_H_ */
