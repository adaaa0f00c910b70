// LSTM with the default activations (ONNX 22). One work-group of ITEMS runs all steps of one
// direction and one batch entry; its items share the hidden units. Gates lie in the order input,
// output, forget, cell; `state` holds two rows of hidden values and one of cell values for each
// group.

float dot_row(global const float *a, global const float *b, const int length) {
  const int whole = length / WIDTH * WIDTH;
  FLOATS lanes = (FLOATS)(0);
  for (int i = 0; i < whole; i += WIDTH) lanes += LOAD_FLOATS(a + i) * LOAD_FLOATS(b + i);
  float sum = sum_of_lanes(lanes);
  for (int i = whole; i < length; ++i) sum += a[i] * b[i];
  return sum;
}

float sigmoid(const float x) { return 1 / (1 + exp(-x)); }

kernel void lstm(TENSOR(x), TENSOR(w), TENSOR(r), TENSOR(bias), TENSOR(initial_hidden),
                 TENSOR(initial_cell), TENSOR(peephole), TENSOR(y), TENSOR(last_hidden),
                 TENSOR(last_cell), TENSOR(state), const int steps, const int batches,
                 const int inputs, const int hidden, const int directions, const int reverse) {
  const int item = get_local_id(0), batch = get_group_id(1), direction = get_group_id(2);
  const int row = direction * batches + batch;
  const bool backwards = reverse || direction == 1;
  global float *const memory = ELEMENTS(float, state) + (long)row * 3 * hidden;
  global float *const cell = memory + 2 * hidden;
  global const float *const weights = ELEMENTS(const float, w) + (long)direction * 4 * hidden * inputs;
  global const float *const again = ELEMENTS(const float, r) + (long)direction * 4 * hidden * hidden;
  global const float *const offsets = ELEMENTS(const float, bias) + (long)direction * 8 * hidden;
  global const float *const peeps = ELEMENTS(const float, peephole) + (long)direction * 3 * hidden;
  for (int h = item; h < hidden; h += ITEMS) {
    const int at = row * hidden + h;
    memory[h] = IS_GIVEN(initial_hidden) ? ELEMENTS(const float, initial_hidden)[at] : 0;
    cell[h] = IS_GIVEN(initial_cell) ? ELEMENTS(const float, initial_cell)[at] : 0;
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (int step = 0; step < steps; ++step) {
    const int time = backwards ? steps - 1 - step : step;
    global const float *const in = ELEMENTS(const float, x) + ((long)time * batches + batch) * inputs;
    global const float *const before = memory + step % 2 * hidden;
    global float *const after = memory + (step + 1) % 2 * hidden;
    for (int h = item; h < hidden; h += ITEMS) {
      float gates[4];
      for (int g = 0; g < 4; ++g) {
        const long unit = g * hidden + h;
        gates[g] = dot_row(in, weights + unit * inputs, inputs) +
                   dot_row(before, again + unit * hidden, hidden);
        if (IS_GIVEN(bias)) gates[g] += offsets[unit] + offsets[4 * hidden + unit];
      }
      const float old = cell[h];
      if (IS_GIVEN(peephole)) {
        gates[0] += peeps[h] * old;
        gates[2] += peeps[2 * hidden + h] * old;
      }
      const float now = sigmoid(gates[2]) * old + sigmoid(gates[0]) * tanh(gates[3]);
      if (IS_GIVEN(peephole)) gates[1] += peeps[hidden + h] * now;
      const float result = sigmoid(gates[1]) * tanh(now);
      cell[h] = now;
      after[h] = result;
      const int at = row * hidden + h;
      if (IS_GIVEN(y)) ELEMENTS(float, y)[((long)time * directions * batches) * hidden + at] = result;
      if (step + 1 == steps) {
        if (IS_GIVEN(last_hidden)) ELEMENTS(float, last_hidden)[at] = result;
        if (IS_GIVEN(last_cell)) ELEMENTS(float, last_cell)[at] = now;
      }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
  }
}
