/* The C interface in one page: loads a model (an .onnx is converted first), runs it on zeros, and
 * prints the index and value of the largest output element.
 *   classify MODEL [DEVICE]
 * Compiled as C11; link with -loarlock_converter -loarlock_core. */
#include <oarlock/oarlock.h>
#include <oarlock/oarlock_convert.h>
#include <stdio.h>
#include <string.h>

static int failed(oarlock_code code, const char* what) {
  if (code == OARLOCK_OK) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, oarlock_code_name(code), oarlock_last_error());
  return 1;
}

static int ends_with(const char* text, const char* end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

int main(int argc, char** argv) {
  oarlock_model* model = NULL;
  oarlock_options* options = NULL;
  oarlock_session* session = NULL;
  oarlock_value* image = NULL;
  oarlock_value* result = NULL;
  int exit_code = 1;

  if (argc < 2) {
    fprintf(stderr, "usage: classify MODEL [DEVICE]\n");
    return 2;
  }
  oarlock_code code = ends_with(argv[1], ".onnx") ? oarlock_convert_file(argv[1], &model)
                                                  : oarlock_model_load(argv[1], &model);
  if (failed(code, "load")) goto done;
  if (failed(oarlock_options_new(&options), "options")) goto done;
  if (argc > 2 && failed(oarlock_options_add_device(options, argv[2]), "device")) goto done;
  if (failed(oarlock_session_open_model(model, options, &session), "open")) goto done;
  printf("input %s: %s\n", oarlock_session_input_name(session, 0),
         oarlock_session_input_type(session, 0));

  const int64_t shape[4] = {1, 1, 28, 28};
  if (failed(oarlock_value_tensor(OARLOCK_UINT8, shape, 4, NULL, 28 * 28, &image), "input"))
    goto done;
  const oarlock_value* inputs[1] = {image};
  if (failed(oarlock_session_run(session, inputs, 1, &result, 1, NULL), "run")) goto done;

  const float* values = oarlock_value_data(result);
  int64_t best = 0;
  for (int64_t i = 1; i < oarlock_value_elements(result); ++i)
    if (values[i] > values[best]) best = i;
  printf("largest element: %lld, %.4f\n", (long long)best, values[best]);
  exit_code = 0;

done:
  oarlock_value_free(result);
  oarlock_value_free(image);
  oarlock_session_free(session);
  oarlock_options_free(options);
  oarlock_model_free(model);
  return exit_code;
}
