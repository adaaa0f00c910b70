// y[outer, position, inner] = x[outer, indices[position], inner], elements of type TYPE. Negative
// indices count from the end; those outside the axis are moved to its ends.

kernel void gather(TENSOR(x), TENSOR(indices), TENSOR(y), const int length, const int positions,
                   const int inner, const int outers) {
  const int at = get_global_id(0), position = get_global_id(1), outer = get_global_id(2);
  if (at >= inner || position >= positions || outer >= outers) return;
  long index = ELEMENTS(const INDEX, indices)[position];
  if (index < 0) index += length;
  index = clamp(index, 0L, (long)length - 1);
  ELEMENTS(TYPE, y)[((long)outer * positions + position) * inner + at] =
      ELEMENTS(const TYPE, x)[((long)outer * length + index) * inner + at];
}
