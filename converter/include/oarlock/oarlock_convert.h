/* Conversion of ONNX models for C; see oarlock/oarlock.h for conventions. In liboarlock_converter.
 */
#ifndef OARLOCK_OARLOCK_CONVERT_H_
#define OARLOCK_OARLOCK_CONVERT_H_

#include "oarlock/oarlock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads an .onnx file. OARLOCK_UNSUPPORTED: oarlock_last_error() lists all nodes that cannot be
 * run. Thread-safe. */
oarlock_code oarlock_convert_file(const char* path, oarlock_model** out);
/* From memory; external data is refused. */
oarlock_code oarlock_convert_bytes(const void* bytes, size_t size, oarlock_model** out);

#ifdef __cplusplus
}
#endif

#endif /* OARLOCK_OARLOCK_CONVERT_H_ */
